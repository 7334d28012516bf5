#!/bin/sh
# Instructions that one inference takes on ARM, counted under emulation. Needs `make firmware` and what `make deps-arm` installs.
#   run.sh MODEL.tnn MACS [MODEL.tnn MACS]...   prints a Markdown table; MACS as `edgessl inspect` states them
#   run.sh --check                              fails where a count of recorded.txt has grown by more than 2 %
#   run.sh --record                             counts again what recorded.txt has
set -e
cd "$(dirname "$0")/../../.."
out=.build/instruction-count
here=Tools/firmware/instruction-count
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
for tool in aarch64-linux-gnu-gcc arm-none-eabi-gcc qemu-system-arm ${qemu:-qemu-aarch64}; do
  command -v $tool > /dev/null || { echo "SKIPPED: instruction counts: no $tool (make deps-arm)"; exit 0; }
done
mkdir -p "$out"
cc -O2 -shared -fPIC -fvisibility=hidden $here/plugin.c -o "$out/count.so"
flags="-O2 -Wall -Wextra -Werror -I Sources/CInterfaceHeader/include"
aarch64-linux-gnu-gcc -static $flags $here/count.c .build/firmware/aarch64/libtinynn.a -Wl,--gc-sections -o "$out/aarch64"
arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard $flags --specs=rdimon.specs -z noexecstack \
  -T Tools/checks/conformance/mps2-an500.ld $here/count.c Tools/checks/conformance/reset.c .build/firmware/armv7em/libtinynn.a -Wl,--gc-sections -o "$out/cortex-m7.elf"

# The emulators must not read the list of models, which is standard input of the loops below.
linux() { "$qemu" -cpu max -plugin "$out/count.so" "$out/aarch64" "$1" "$2" "$3" 2>&1 < /dev/null; }
bare() {
  qemu-system-arm -M mps2-an500 -nographic -plugin "$out/count.so" \
    -semihosting-config enable=on,target=native,arg=count,arg="$1",arg="$2",arg="$3" -kernel "$out/cortex-m7.elf" 2>&1 < /dev/null
}
# Of one inference: instructions MACHINE KERNELS MODEL.
instructions() {
  once=$($1 "$2" 1 "$3" | sed -n 's/^instructions //p')
  twice=$($1 "$2" 2 "$3" | sed -n 's/^instructions //p')
  [ -n "$once" ] && [ -n "$twice" ] || { echo "$3: cannot be run with kernels $2 on $1" >&2; exit 1; }
  echo $((twice - once))
}

recorded=$here/recorded.txt
case $1 in
  --check | --record)
    failed=0
    grep -v '^#' $recorded > "$out/before.txt"
    grep '^#' $recorded > "$out/recorded.txt"
    while read -r model machine kernels before; do
      now=$(instructions "$machine" "$kernels" "$model")
      echo "$model $machine $kernels $now" >> "$out/recorded.txt"
      if [ $((now * 100)) -gt $((before * 102)) ]; then
        echo "$model, kernels $kernels on $machine: $now instructions, more than 2 % above the $before of $recorded" >&2
        failed=1
      elif [ $((now * 100)) -lt $((before * 98)) ]; then
        echo "$model, kernels $kernels on $machine: $now instructions, $before before: $here/run.sh --record keeps it"
      fi
    done < "$out/before.txt"
    if [ "$1" = --record ]; then cp "$out/recorded.txt" $recorded; exit 0; fi
    [ $failed = 0 ] || exit 1
    echo "instruction counts: $(wc -l < "$out/before.txt"), none more than 2 % above the recorded one"
    exit 0 ;;
esac

echo "| model | kernels | instructions | multiply-adds | instructions per multiply-add |"
echo "|---|---|---:|---:|---:|"
while [ $# -ge 2 ]; do
  for kind in "linux:3:AArch64 NEON" "linux:6:AArch64 dot product" "linux:7:AArch64 i8mm" "linux:0:AArch64 reference" "bare:8:Cortex-M7" "bare:0:Cortex-M7 reference"; do
    machine=${kind%%:*} rest=${kind#*:}
    kernels=${rest%%:*} name=${rest#*:}
    awk -v model="$(basename "$1")" -v name="$name" -v n="$(instructions $machine $kernels "$1")" -v macs="$2" \
      'BEGIN { printf "| %s | %s | %d | %d | %.2f |\n", model, name, n, macs, n / macs }'
  done
  shift 2
done
