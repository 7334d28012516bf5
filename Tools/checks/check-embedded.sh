#!/bin/sh
# The proof of promise 2: TinyNN and FewShot compile in Embedded Swift with -no-allocations, for a 64-bit
# ARM and for a Cortex-M. Fails with the compiler's message where they do not.
set -e
cd "$(dirname "$0")/../.."
out=${1:-.build/embedded}
mkdir -p "$out"
flags="-swift-version 6 -wmo -Osize -parse-as-library -package-name edgessl -strict-memory-safety -warnings-as-errors
  -enable-experimental-feature Embedded -enable-experimental-feature Lifetimes
  -enable-upcoming-feature InternalImportsByDefault -no-allocations"
for target in ${TARGETS:-aarch64-none-none-elf armv7em-none-none-eabi}; do
  mkdir -p "$out/$target"
  swiftc $flags -target $target -module-name TinyNN -I Sources/CTinyNN/include \
    -emit-module -emit-module-path "$out/$target/TinyNN.swiftmodule" -c $(find Sources/TinyNN -name '*.swift') -o "$out/$target/TinyNN.o"
  swiftc $flags -target $target -module-name FewShot -I "$out/$target" -I Sources/CTinyNN/include \
    -emit-module -emit-module-path "$out/$target/FewShot.swiftmodule" -c $(find Sources/FewShot -name '*.swift') -o "$out/$target/FewShot.o"
  swiftc $flags -target $target -module-name CInterface -I "$out/$target" -I Sources/CTinyNN/include -I Sources/CInterfaceHeader/include \
    -c $(find Sources/CInterface -name '*.swift') -o "$out/$target/CInterface.o"
  echo "no allocations on $target: $(ls "$out/$target" | grep -c '\.o$') object file(s)"
done
