#!/bin/sh
# Fetches what cross-compiles the command for AArch64 Linux on an x86-64 Debian machine, from Debian's packages and apart from the
# system's own, into .build/arm64-command (2.5 GB, at first 1.2 GB more); does nothing where it is there. Ends with 75 where the
# packages cannot be had.
#
# swift.org's toolchain for x86-64 has no library for AArch64 Linux. Debian's package swiftlang has one, of the same build as its
# x86-64 compiler: swiftlang:amd64 cross-compiles with what swiftlang:arm64 brings. Both are in Debian unstable (6.2.3 in November
# 2026; Debian 13 has 6.0.3, which is too old) and need its C library, so the compiler runs in a root of its own. The C library,
# libjpeg and libpng that the command is linked with are of Debian 13.
set -e
cd "$(dirname "$0")/../.."
work=$PWD/.build/arm64-command
tools=$work/tools      # Debian unstable, x86-64: the compiler
sysroot=$work/sysroot  # AArch64: Debian 13's C library, Debian unstable's Swift library
triple=aarch64-unknown-linux-gnu
[ ! -e "$work/complete" ] || exit 0

refuse() { echo "edgessl on AArch64: $1" >&2; exit 75; }
[ "$(uname -m)" = x86_64 ] || refuse "this is for x86-64 machines"
command -v apt-get > /dev/null || refuse "no apt-get"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
rm -rf "$work"

# Downloads packages of a suite with all that they depend on: `packages NAME SUITE ARCHITECTURE PACKAGE...`
packages() {
  root=$work/apt/$1 suite=$2 architecture=$3
  shift 3
  mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
  : > "$root/state/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=$architecture] $mirror $suite main" > "$root/sources.list"
  options="-qq -o APT::Architecture=$architecture -o APT::Architectures=$architecture -o APT::Install-Recommends=false
    -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=$root/sources.list -o Dir::Etc::sourceparts=- -o Dir::State=$root/state
    -o Dir::State::status=$root/state/status -o Dir::Cache=$root/cache"
  apt-get $options update && apt-get $options install -y --download-only "$@" > /dev/null
}
# `unpack FOLDER PACKAGE-FILE [TAR-OPTION...]`
unpack() {
  folder=$1 package=$2
  shift 2
  dpkg --fsys-tarfile "$package" | tar -x -C "$folder" --keep-directory-symlink "$@"
}

packages tools sid amd64 base-files bash coreutils git libc6-dev swiftlang &&
  packages sysroot trixie arm64 libc6-dev libjpeg62-turbo-dev libpng-dev libstdc++-14-dev zlib1g-dev &&
  packages swift sid arm64 swiftlang || refuse "Debian's packages cannot be had"
compiler=$(ls "$work"/apt/tools/cache/archives/swiftlang_*.deb)
library=$(ls "$work"/apt/swift/cache/archives/swiftlang_*.deb)
version=${compiler##*/swiftlang_} version=${version%_*}
case $library in *"/swiftlang_${version}_arm64.deb") ;; *) refuse "Debian's swiftlang for AArch64 is not $version" ;; esac

for root in "$tools" "$sysroot"; do
  mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
  for name in bin sbin lib lib64; do ln -s usr/$name "$root/$name"; done
done
for package in "$work"/apt/sysroot/cache/archives/*.deb; do unpack "$sysroot" "$package"; done
for package in "$work"/apt/tools/cache/archives/*.deb; do
  # Without the debugger, the editors' servers and the libraries of other targets.
  unpack "$tools" "$package" --exclude='*lldb*' --exclude='*sourcekit*' --exclude='*/clangd' --exclude='*/docc' --exclude='*/libLTO*' \
    --exclude='*/libclang.so*' --exclude='*/swift-format' --exclude='*/lib/swift/embedded' --exclude='*/lib/swift_static' \
    --exclude='./usr/share/doc' --exclude='./usr/share/man'
done
# The static libraries and the compiler's own C headers, from where SwiftPM and the C compiler look for them.
swift=usr/libexec/swift/lib
mkdir "$work/swift"
unpack "$work/swift" "$library" ./$swift/swift_static ./$swift/clang/17/include
mv "$work/swift/$swift/swift_static" "$work/swift/$swift/clang" "$sysroot/usr/lib"
ln -s swift_static "$sysroot/usr/lib/swift"
# Archives where there is a choice, so that the command needs no library of the board but the C library.
mkdir "$sysroot/usr/lib/archives"
for name in jpeg png z; do ln -s ../aarch64-linux-gnu/lib$name.a "$sysroot/usr/lib/archives"; done
ln -s ../gcc/aarch64-linux-gnu/14/libstdc++.a "$sysroot/usr/lib/archives"
rm -r "$work/apt" "$work/swift"

# What SwiftPM calls a Swift SDK.
sdk=$work/sdks/aarch64.artifactbundle
mkdir -p "$sdk/aarch64"
ln -s ../../../sysroot "$sdk/aarch64/sysroot"
cat > "$sdk/info.json" << END
{ "schemaVersion": "1.0", "artifacts": { "aarch64-linux": { "type": "swiftSDK", "version": "1", "variants": [{ "path": "aarch64" }] } } }
END
cat > "$sdk/aarch64/swift-sdk.json" << END
{
  "schemaVersion": "4.0",
  "targetTriples": {
    "$triple": {
      "sdkRootPath": "sysroot", "swiftResourcesPath": "sysroot/usr/lib/swift",
      "swiftStaticResourcesPath": "sysroot/usr/lib/swift_static", "toolsetPaths": ["toolset.json"]
    }
  }
}
END
gcc="\"--gcc-toolchain=$sysroot/usr\""
cat > "$sdk/aarch64/toolset.json" << END
{
  "schemaVersion": "1.0",
  "swiftCompiler": {
    "extraCLIOptions": ["-use-ld=lld", "-Xclang-linker", $gcc, "-Xclang-linker", "-static-libgcc", "-L$sysroot/usr/lib/archives"]
  },
  "cCompiler": { "extraCLIOptions": [$gcc] },
  "linker": { "extraCLIOptions": ["-lz", "$work/debian12.o"] }
}
END
touch "$work/complete"
