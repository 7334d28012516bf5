#!/bin/sh
# Every int8 kernel that this machine can run or emulate gives the bits of plain C: x86-64 natively, its dot product kernels
# with emulated instructions, AArch64 and 32-bit ARM under qemu-aarch64 and qemu-arm (make deps-arm).
# SANITIZE=1 also watches the memory around the operands, on x86-64.
set -e
cd "$(dirname "$0")/../../.."
out=${1:-.build/kernel-conformance}
mkdir -p "$out"
flags="-std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -Wno-psabi -Werror -I Sources/CTinyNN/include -I Sources/CTinyNN"
here=Tools/checks/kernel-conformance
sources="$here/conformance.c Sources/CTinyNN/cpu_features.c"
compile() { clang $flags "$@"; }

if [ "$(uname -m)" = x86_64 ]; then
  compile ${SANITIZE:+-O1 -fsanitize=address -fuse-ld=lld} $sources Sources/CTinyNN/*/*_s8_*.c -o "$out/x86_64"
  "$out/x86_64"
  emulated=
  for lanes in 8:-DTILE_ROWS=6:-DTILE_VECTORS=2:-DNARROW_ROWS=6:-DNARROW_VECTORS=2 16:-DTILE_ROWS=8:-DTILE_VECTORS=2:-DNARROW_ROWS=8:-DNARROW_VECTORS=1; do
    tiles=$(echo "${lanes#*:}" | tr : ' ') lanes=${lanes%%:*}
    for kernel in MATMUL MULTIPLY_DEEP; do
      name=vnni$lanes; [ $kernel = MATMUL ] || name=${name}_deep
      compile -DTINYNN_EMULATED -DLANES=$lanes $tiles -D$kernel=tinynn_matmul_s8_emulated_$name \
        -DCONVOLVE=tinynn_convolve_s8_emulated_$name -c $here/emulated.c -o "$out/$name.o"
      emulated="$emulated $out/$name.o"
    done
  done
  compile -DTINYNN_EMULATED -DLANES=16 -DDEPTHWISE=tinynn_depthwise_s8_emulated_vnni16 -c $here/emulated.c -o "$out/depthwise.o"
  emulated="$emulated $out/depthwise.o"
  compile -DTINYNN_EMULATED $sources $emulated -o "$out/emulated"
  "$out/emulated"
fi

qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
if command -v aarch64-linux-gnu-gcc >/dev/null && [ -n "$qemu" ]; then
  for source in $sources Sources/CTinyNN/*/*_s8_*.c; do
    compile --target=aarch64-linux-gnu -c "$source" -o "$out/$(basename "$source" .c).aarch64.o"
  done
  aarch64-linux-gnu-gcc -static "$out"/*.aarch64.o -o "$out/aarch64"
  "$qemu" -cpu max "$out/aarch64"
  echo "cortex-a53:"
  "$qemu" -cpu cortex-a53 "$out/aarch64"
else
  echo "SKIPPED: AArch64: no aarch64-linux-gnu-gcc or qemu-aarch64 (make deps-arm)"
fi

if command -v arm-linux-gnueabihf-gcc > /dev/null && command -v qemu-arm > /dev/null; then
  for source in $sources Sources/CTinyNN/*/*_s8_*.c; do
    compile --target=arm-linux-gnueabihf -mcpu=cortex-a7 -c "$source" -o "$out/$(basename "$source" .c).arm.o"
  done
  arm-linux-gnueabihf-gcc -static "$out"/*.arm.o -o "$out/arm"
  qemu-arm "$out/arm"
else
  echo "SKIPPED: 32-bit ARM: no arm-linux-gnueabihf-gcc or qemu-arm (make deps-arm)"
fi
