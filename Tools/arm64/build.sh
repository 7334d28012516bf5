#!/bin/sh
# Cross-compiles PRODUCT... (default: edgessl, the command) for AArch64 Linux: .build/arm64-command/PRODUCT. Ends with 75 where
# Debian's packages cannot be had (Tools/arm64/toolchain.sh). Needs unshare and chroot: root, or user namespaces; and this machine's Swift, to fetch dependencies.
set -e
cd "$(dirname "$0")/../.."
package=$PWD work=$PWD/.build/arm64-command
Tools/arm64/toolchain.sh

clang --target=aarch64-linux-gnu --sysroot="$work/sysroot" -O2 -fno-builtin -Wall -Werror -c Tools/arm64/debian12.c -o "$work/debian12.o"

# The compiler's root has no network and no settings of git. Once: the two versions of SwiftPM check out anew what the other left.
if [ ! "$work/resolved" -nt Package.swift ]; then
  swift package --scratch-path "$work/build" resolve
  touch "$work/resolved"
fi
namespaces=--mount
[ "$(id -u)" = 0 ] || namespaces="--mount --map-root-user"
for product in ${@:-edgessl}; do
  build="cd '$package' && swift build -c release -j ${JOBS:-2} --product $product --disable-sandbox --disable-automatic-resolution \
    --scratch-path '$work/build' --swift-sdks-path '$work/sdks' --swift-sdk aarch64-linux --static-swift-stdlib"
  unshare $namespaces sh -e -c '
    tools=$1 package=$2 build=$3
    mkdir -p "$tools$package"
    mount --rbind "$package" "$tools$package"
    mount --rbind /dev "$tools/dev"
    mount --rbind /proc "$tools/proc"
    exec chroot "$tools" /usr/bin/env -i HOME=/root PATH=/usr/bin:/usr/libexec/swift/bin LANG=C.UTF-8 bash -c "$build"
  ' sh "$work/tools" "$package" "$build"
  Tools/link/check.sh "$work/build/aarch64-unknown-linux-gnu/release/$product"
  cp "$work/build/aarch64-unknown-linux-gnu/release/$product" "$work/$product"
  echo "$work/$product"
done
[ ! -e "$work/edgessl" ] || Tools/package/stamp.sh "$work/edgessl"
