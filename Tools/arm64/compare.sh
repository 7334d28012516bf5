#!/bin/sh
# Compares what the command for AArch64 (Tools/arm64/build.sh) writes under QEMU with what this machine's command writes ($EDGESSL,
# default the debug build of `make test`). Skipped, loudly, where the command could not be built.
set -e
cd "$(dirname "$0")/../.."
package=$PWD work=$PWD/.build/arm64-command
here=$(realpath "${EDGESSL:-.build/debug/edgessl}")
skip() { echo "SKIPPED: edgessl on AArch64: $1"; exit 0; }
command -v qemu-aarch64 > /dev/null || skip "no qemu-aarch64 (make deps-arm)"
[ -x "$work/edgessl" ] || skip "no $work/edgessl"

# What a user does, on the shipped encoders and photos: files and answers, without times and memory. Training is the smaller one's: it
# takes most of the time. `session FOLDER COMMAND`
session() (
  rm -rf "$1"
  mkdir -p "$1"
  cd "$1"
  edgessl=$2 model=$package/models/edge-s/edge-s parts=$package/Examples/parts
  trap '[ $? = 0 ] || cat messages.txt >&2' EXIT
  {
    "$edgessl" import "$model.onnx" -o imported.tnn
    "$edgessl" quantize "$model.tnn" --calibration "$parts/support" --photos 8 --fast -o quantized.tnn
    "$edgessl" embed "$model.tnn" "$parts"/query/*/01.jpg -o float32.npy --threads 2
    "$edgessl" embed "$model-int8.tnn" "$parts"/query/*/01.jpg -o int8.npy
    "$edgessl" adapt "$parts/support" --model "$model.tnn" -o task.tnn
    "$edgessl" adapt "$parts/support" --model edge-xs -o trained.tnn --method finetune --ungated --layers 2 --steps 2 --views 0
    "$edgessl" classify "$parts"/query/*/01.jpg --model task.tnn --json
    "$edgessl" classes task.tnn --add "duck=$parts/query/unknown" --rename gear=wheel
    "$edgessl" classes trained.tnn --remove nut
    "$edgessl" inspect task.tnn
    "$edgessl" bench "$model.tnn" --warmup 0 --runs 2 --json
  } > answers.txt 2> messages.txt
  grep -o '"outputChecksum":"[^"]*"' answers.txt > bench.txt
  sed -i -E '/"outputChecksum"/d; s/"milliseconds":[^,]*,//' answers.txt
  rm messages.txt
)
# Side by side: the emulator takes its time. QEMU's best processor has dot products and int8 matrix multiplications; the Cortex-A53 of a
# Raspberry Pi 3 has neither.
running=
for processor in max cortex-a53; do
  (export EDGESSL_PROCESSOR=$processor; session "$work/out/$processor" "$package/Tools/arm64/emulated.sh") &
  running="$running $!"
done
session "$work/out/here" "$here"
for one in $running; do wait "$one"; done
for processor in max cortex-a53; do
  diff -r "$work/out/here" "$work/out/$processor" || { echo "edgessl on AArch64 ($processor) differs" >&2; exit 1; }
  echo "edgessl on AArch64 ($processor): $(ls "$work/out/$processor" | wc -l) files are the same bytes as on $(uname -m)"
done
