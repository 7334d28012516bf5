#!/bin/sh
# Every int8 kernel that this machine can run or emulate gives the bits of plain C: x86-64 natively, its dot product kernels
# with emulated instructions, AArch64 under qemu-aarch64 (make deps-arm).
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
  compile -DTINYNN_EMULATED -DLANES=8 -DTILE_ROWS=6 -DTILE_VECTORS=2 -DNARROW_ROWS=6 -DNARROW_VECTORS=2 \
    -DMATMUL=tinynn_matmul_s8_emulated_vnni8 -c $here/emulated.c -o "$out/vnni8.o"
  compile -DTINYNN_EMULATED -DLANES=16 -DTILE_ROWS=8 -DTILE_VECTORS=2 -DNARROW_ROWS=8 -DNARROW_VECTORS=1 \
    -DMATMUL=tinynn_matmul_s8_emulated_vnni16 -c $here/emulated.c -o "$out/vnni16.o"
  compile -DTINYNN_EMULATED $sources "$out/vnni8.o" "$out/vnni16.o" -o "$out/emulated"
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
