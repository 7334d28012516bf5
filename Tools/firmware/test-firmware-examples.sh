#!/bin/sh
# Runs the examples for devices under emulation on the shipped encoder and photos: Examples/cortex-m on a Cortex-M7, Examples/device-c on
# AArch64 Linux and on this machine, which must write the same task file. Without the tools of `make deps-arm`: skipped, loudly.
set -e
cd "$(dirname "$0")/../.."
edgessl=${EDGESSL:-.build/debug/edgessl}
out=.build/device-c
parts=Examples/parts
mkdir -p "$out"

expect() {
  grep -q "$2" "$1" || { echo "$1: no line with: $2" >&2; cat "$1" >&2; exit 1; }
}

if command -v qemu-system-arm > /dev/null && command -v arm-none-eabi-gcc > /dev/null; then
  Examples/cortex-m/build.sh "$edgessl" > .build/cortex-m.txt 2>&1 || { cat .build/cortex-m.txt >&2; exit 1; }
  expect .build/cortex-m.txt "^bolt: bolt,"
  expect .build/cortex-m.txt "^spring, learned: spring,"
  expect .build/cortex-m.txt "^trained encoder: "
  expect .build/cortex-m.txt "^bad input not refused: 0$"
  cat .build/cortex-m.txt
else
  echo "SKIPPED: Examples/cortex-m: no qemu-system-arm or arm-none-eabi-gcc (make deps-arm)"
fi

flags="-std=c11 -D_DEFAULT_SOURCE -O2 -Wall -Wextra -Werror -I Sources/CInterfaceHeader/include"
sources="Examples/device-c/device.c Examples/device-c/photo.c"
run() {
  name=$1
  shift
  "$@" adapt models/edge-s/edge-s.tnn $parts/support -o "$out/$name.tnn" > "$out/$name.txt"
  "$@" classify "$out/$name.tnn" $parts/query/spring/03.jpg $parts/query/bolt/01.jpg >> "$out/$name.txt"
  expect "$out/$name.txt" "5 classes, 25 photos"
  expect "$out/$name.txt" "spring/03.jpg  spring"
  cat "$out/$name.txt"
}
cc $flags $sources .build/firmware/$(uname -m)/libtinynn.a -Wl,--gc-sections -ljpeg -lm -o "$out/device"
run $(uname -m) "$out/device"
# The command understands what the device has learned.
"$edgessl" classify $parts/query/spring/03.jpg --model "$out/$(uname -m).tnn"

qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
if [ -n "$qemu" ] && command -v aarch64-linux-gnu-gcc > /dev/null; then
  Tools/firmware/fetch-arm64-libjpeg.sh
  arm64=.build/arm64/usr
  aarch64-linux-gnu-gcc $flags -I $arm64/include -I $arm64/include/aarch64-linux-gnu $sources .build/firmware/aarch64/libtinynn.a \
    $arm64/lib/aarch64-linux-gnu/libjpeg.a -static -Wl,--gc-sections -lm -o "$out/device-aarch64"
  run aarch64 "$qemu" "$out/device-aarch64"
  cmp "$out/$(uname -m).tnn" "$out/aarch64.tnn" || { echo "the task learned on AArch64 differs" >&2; exit 1; }
else
  echo "SKIPPED: Examples/device-c on AArch64: no qemu-aarch64 or aarch64-linux-gnu-gcc (make deps-arm)"
fi
