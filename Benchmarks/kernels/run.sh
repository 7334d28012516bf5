#!/bin/sh
# Compiles the kernels and this benchmark without the rest of the project, and runs it: needs swiftc, clang and libopenblas-dev.
#   Benchmarks/kernels/run.sh [INSTRUCTION_SET [ROUNDS]]
set -e
cd "$(dirname "$0")/../.."
out=.build/bench/kernels
mkdir -p "$out"
compiler=$(command -v clang || echo "$(dirname "$(readlink -f "$(command -v swiftc)")")/clang")
for source in $(find Sources/CTinyNN -name '*.c'); do
  "$compiler" -O2 -I Sources/CTinyNN/include -c "$source" -o "$out/$(basename "$source" .c).o"
done
swiftc -swift-version 6 -O -wmo -parse-as-library -enable-experimental-feature Lifetimes -enable-upcoming-feature InternalImportsByDefault \
  -strict-memory-safety -module-name TinyNN -I Sources/CTinyNN/include -emit-module -emit-module-path "$out/TinyNN.swiftmodule" \
  -c $(find Sources/TinyNN -name '*.swift') -o "$out/TinyNN.o"
swiftc -swift-version 6 -O -wmo -strict-memory-safety -I "$out" -I Sources/CTinyNN/include -I Benchmarks/kernels/COpenBLAS \
  Benchmarks/kernels/*.swift "$out"/*.o -o "$out/kernel-bench"
OPENBLAS_NUM_THREADS=1 exec "$out/kernel-bench" "$@"
