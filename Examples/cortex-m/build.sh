#!/bin/sh
# Builds firmware.elf for QEMU's mps2-an500 and runs it: build.sh [EDGESSL]. Needs libtinynn.a (make firmware) and what `make deps-arm` installs.
set -e
here=$(dirname "$0")
edgessl=$(realpath "${1:-$here/../../.build/release/edgessl}")
cd "$here"
root=../..
library=$root/.build/firmware/armv7em/libtinynn.a
out=$root/.build/cortex-m
parts=$root/Examples/parts
mkdir -p "$out/classes"

quietly() { "$@" > "$out/log.txt" 2>&1 || { cat "$out/log.txt" >&2; exit 1; }; }

# On the PC: a task of the int8 encoder that knows four of the five parts, photos as raw pixels.
rm -f "$out/classes"/*
for class in bolt gear nut washer; do ln -sfn "$(cd $parts/support/$class && pwd)" "$out/classes/$class"; done
quietly "$edgessl" adapt "$out/classes" --model $root/models/edge-xs/edge-xs-int8.tnn --method prototype -o "$out/task.tnn"
cc -O1 photos_to_rgb.c ../device-c/photo.c -ljpeg -o "$out/photos_to_rgb"
"$out/photos_to_rgb" 2 128 160 $parts/support/spring/01.jpg $parts/support/spring/02.jpg $parts/support/spring/03.jpg \
  $parts/query/spring/03.jpg $parts/query/bolt/01.jpg > "$out/photos.rgb"

flags="-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard -Os -ffreestanding -ffunction-sections -fno-tree-loop-distribute-patterns
  -Wall -Wextra -Werror -I $root/Sources/CInterfaceHeader/include"
arm-none-eabi-gcc $flags -nostdlib -T linker.ld -Wl,--gc-sections -z noexecstack -Wa,-I"$out" startup.c main.c assets.S "$library" -lgcc \
  -o "$out/firmware.elf"
arm-none-eabi-size "$out/firmware.elf"
qemu-system-arm -M mps2-an500 -nographic -semihosting-config enable=on,target=native -kernel "$out/firmware.elf"
