#!/bin/sh
# The promise of the same bits: one program (Tools/checks/conformance) computes checksums of every golden model, float and int8, of a task
# learned on the device and of weights after training steps: on this machine with every kernel it has, on AArch64 under qemu-aarch64 as
# three processors, and on a Cortex-M7 under qemu-system-arm. All must agree. `make deps-arm` installs the emulators; what is missing is
# skipped, loudly.
set -e
cd "$(dirname "$0")/../.."
out=.build/conformance
firmware=.build/firmware
edgessl=${EDGESSL:-.build/debug/edgessl}
here=Tools/checks/conformance
mkdir -p "$out/models"
[ -x "$edgessl" ] || { echo "$0: $edgessl is missing; build it first: swift build --product edgessl" >&2; exit 66; }

# What is computed.
list="$out/list.txt"
: > "$list"
refused=0
for folder in Tests/Golden/*/; do
  case=$(basename "$folder")
  [ -f "$folder/model.onnx" ] || continue
  model="$out/models/$case.tnn"
  if [ ! -f "$model" ] || [ "$folder/model.onnx" -nt "$model" ]; then
    "$edgessl" import "$folder/model.onnx" -o "$model" > /dev/null 2>&1 || true
  fi
  # Some cases need options of their own, and some are refused on purpose.
  if [ -f "$model" ]; then echo "run $model" >> "$list"; else refused=$((refused + 1)); fi
done
encoder=models/edge-s/edge-s.tnn
int8=models/edge-s/edge-s-int8.tnn
cc -O1 Examples/cortex-m/photos_to_rgb.c Examples/device-c/photo.c -ljpeg -o "$out/photos_to_rgb"
"$out/photos_to_rgb" 2 128 160 $(for n in 01 02; do for c in bolt gear nut; do echo Examples/parts/support/$c/$n.jpg; done; done) > "$out/photos.rgb"
for model in "$encoder" "$int8"; do
  echo "run $model"
  echo "learn $model $out/photos.rgb 6 128 160"
  echo "train $model $out/photos.rgb 6 128 160 46"
done >> "$list"
echo "conformance: $(grep -c ^run "$list") models, of golden cases $refused not imported as they are"

c_flags="-O1 -Wall -Wextra -Werror -I Sources/CInterfaceHeader/include"
same() {
  name=$1
  shift
  "$@" > "$out/$name.txt" || { cat "$out/$name.txt" | tail -3; echo "conformance: $name failed" >&2; exit 1; }
  if [ ! -f "$out/expected.txt" ]; then cp "$out/$name.txt" "$out/expected.txt"; fi
  cmp -s "$out/expected.txt" "$out/$name.txt" || {
    echo "conformance: $name differs:" >&2
    diff "$out/expected.txt" "$out/$name.txt" | head -20 >&2
    exit 1
  }
  echo "conformance: $name: $(wc -l < "$out/$name.txt") checksums, the same"
}
rm -f "$out/expected.txt"

if [ "$(uname -m)" = x86_64 ]; then
  [ -f $firmware/x86_64/libtinynn.a ] || Tools/firmware/build-firmware.sh x86_64
  cc $c_flags $here/conformance.c $firmware/x86_64/libtinynn.a -Wl,--gc-sections -lm -o "$out/x86_64"
  same x86-64-reference "$out/x86_64" 0 "$list"
  # AVX2, AVX-512, AVX-VNNI, AVX-512 VNNI, as far as this machine has them.
  for kernels in 1 2 4 5; do
    if "$out/x86_64" $kernels /dev/null > /dev/null; then
      echo "run $int8" > "$out/probe.txt"
      if "$out/x86_64" $kernels "$out/probe.txt" > /dev/null 2>&1; then same x86-64-kernels-$kernels "$out/x86_64" $kernels "$list"; fi
    fi
  done
fi

qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
if [ -n "$qemu" ] && command -v aarch64-linux-gnu-gcc > /dev/null; then
  [ -f $firmware/aarch64/libtinynn.a ] || Tools/firmware/build-firmware.sh aarch64
  aarch64-linux-gnu-gcc -static $c_flags $here/conformance.c $firmware/aarch64/libtinynn.a -Wl,--gc-sections -o "$out/aarch64"
  # NEON; NEON with dot products; NEON with int8 matrix multiplications.
  same aarch64-cortex-a53 "$qemu" -cpu cortex-a53 "$out/aarch64" -1 "$list"
  same aarch64-neoverse-n1 "$qemu" -cpu neoverse-n1 "$out/aarch64" -1 "$list"
  same aarch64-max "$qemu" -cpu max "$out/aarch64" -1 "$list"
else
  echo "SKIPPED: conformance on AArch64: no qemu-aarch64 or aarch64-linux-gnu-gcc (make deps-arm)"
fi

if command -v qemu-system-arm > /dev/null && command -v arm-none-eabi-gcc > /dev/null; then
  [ -f $firmware/armv7em/libtinynn.a ] || Tools/firmware/build-firmware.sh armv7em
  arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard $c_flags --specs=rdimon.specs -z noexecstack \
    -T $here/mps2-an500.ld $here/conformance.c $here/reset.c $firmware/armv7em/libtinynn.a -Wl,--gc-sections -o "$out/cortex-m7.elf"
  # By semihosting the program reads the same files.
  same cortex-m7 qemu-system-arm -M mps2-an500 -nographic \
    -semihosting-config enable=on,target=native,arg=conformance,arg=-1,arg="$list" -kernel "$out/cortex-m7.elf"
  # The small library: the same answers of int8 networks, and a float32 network refused.
  [ -f $firmware/armv7em-int8/libtinynn.a ] || Tools/firmware/build-firmware.sh armv7em-int8
  arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard $c_flags -DINFERENCE_ONLY --specs=rdimon.specs -z noexecstack \
    -T $here/mps2-an500.ld $here/conformance.c $here/reset.c $firmware/armv7em-int8/libtinynn.a -Wl,--gc-sections \
    -o "$out/cortex-m7-int8.elf"
  small() {
    qemu-system-arm -M mps2-an500 -nographic \
      -semihosting-config enable=on,target=native,arg=conformance,arg=-1,arg="$1" -kernel "$out/cortex-m7-int8.elf"
  }
  grep -E "^(run|learn) $int8" "$list" > "$out/list-int8.txt"
  grep -E "^(run|embed|classify|task|classify-unlabelled|task-unlabelled) edge-s-int8.tnn" "$out/expected.txt" > "$out/expected-int8.txt"
  small "$out/list-int8.txt" > "$out/cortex-m7-int8.txt"
  cmp "$out/expected-int8.txt" "$out/cortex-m7-int8.txt"
  echo "run $encoder" > "$out/list-float.txt"
  if small "$out/list-float.txt" > "$out/float.txt"; then echo "conformance: the int8 library took a float32 network" >&2; exit 1; fi
  grep -q "this library" "$out/float.txt"
  echo "conformance: cortex-m7-int8: $(wc -l < "$out/cortex-m7-int8.txt") checksums, the same; a float32 network is refused"
else
  echo "SKIPPED: conformance on Cortex-M7: no qemu-system-arm or arm-none-eabi-gcc (make deps-arm)"
fi
