#!/bin/sh
# Instructions that one inference takes on ARM, counted under emulation: run.sh MODEL.tnn MACS [MODEL.tnn MACS]... prints a Markdown table.
# MACS as `edgessl inspect` states them. Needs `make firmware` and what `make deps-arm` installs.
set -e
cd "$(dirname "$0")/../../.."
out=.build/instruction-count
here=Tools/firmware/instruction-count
mkdir -p "$out"
cc -O2 -shared -fPIC -fvisibility=hidden $here/plugin.c -o "$out/count.so"
flags="-O2 -Wall -Wextra -Werror -I Sources/CInterfaceHeader/include"
aarch64-linux-gnu-gcc -static $flags $here/count.c .build/firmware/aarch64/libtinynn.a -Wl,--gc-sections -o "$out/aarch64"
arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard $flags --specs=rdimon.specs -z noexecstack \
  -T Tools/checks/conformance/mps2-an500.ld $here/count.c Tools/checks/conformance/reset.c .build/firmware/armv7em/libtinynn.a -Wl,--gc-sections -o "$out/cortex-m7.elf"
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static)

linux() { "$qemu" -cpu max -plugin "$out/count.so" "$out/aarch64" "$1" "$2" "$3" 2>&1; }
bare() {
  qemu-system-arm -M mps2-an500 -nographic -plugin "$out/count.so" \
    -semihosting-config enable=on,target=native,arg=count,arg="$1",arg="$2",arg="$3" -kernel "$out/cortex-m7.elf" 2>&1
}
instructions() { sed -n 's/^instructions //p'; }

echo "| model | kernels | instructions | multiply-adds | instructions per multiply-add |"
echo "|---|---|---:|---:|---:|"
while [ $# -ge 2 ]; do
  for kind in "linux:3:AArch64 NEON" "linux:6:AArch64 dot product" "linux:7:AArch64 i8mm" "linux:0:AArch64 reference" "bare:8:Cortex-M7" "bare:0:Cortex-M7 reference"; do
    machine=${kind%%:*} rest=${kind#*:}
    kernels=${rest%%:*} name=${rest#*:}
    once=$($machine $kernels 1 "$1" | instructions)
    twice=$($machine $kernels 2 "$1" | instructions)
    awk -v model="$(basename "$1")" -v name="$name" -v n=$((twice - once)) -v macs="$2" \
      'BEGIN { printf "| %s | %s | %d | %d | %.2f |\n", model, name, n, macs, n / macs }'
  done
  shift 2
done
