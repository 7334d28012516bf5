#!/bin/sh
# Builds the shared library of tinynn.h for Linux hosts: TARGET... of x86_64, aarch64 (default: this machine's).
# Output: .build/firmware/<target>/libtinynn.so, whose name for the loader is libtinynn.so.1, beside the archive that it is made of
# (Tools/firmware/build-firmware.sh) and .build/firmware/include/tinynn.h.
#
# Held here: it exports the functions of tinynn.h, all with a version (libtinynn.map), and no other symbol; it needs the C library
# alone, and none younger than 2.17 (manylinux2014).
set -e
cd "$(dirname "$0")/../.."
header=Sources/CInterfaceHeader/include/tinynn.h
newest=2.17

fail() { echo "$0: $1" >&2; exit 1; }

[ $# -gt 0 ] || set -- "$(uname -m)"
for target; do
  case $target in x86_64 | aarch64) ;; *) echo "$0: unknown target $target (x86_64, aarch64)" >&2; exit 64 ;; esac
done
Tools/firmware/build-firmware.sh "$@"
for target; do
  library=.build/firmware/$target/libtinynn.so
  clang --target=$target-linux-gnu -fuse-ld=lld -shared -static-libgcc -Wl,--whole-archive ${library%.so}.a -Wl,--no-whole-archive \
    -Wl,-soname,libtinynn.so.1 -Wl,--version-script=Tools/package/libtinynn.map -Wl,--gc-sections -Wl,-Bsymbolic-functions \
    -Wl,-z,defs -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--as-needed -lm -o $library
  llvm-objcopy --strip-unneeded $library

  grep -vE '^ *//' $header | grep -oE '\btinynn_[a-z_]+\(' | tr -d '(' | sort -u > $library.declared
  llvm-nm --dynamic --defined-only $library | awk '$2 == "T" { print $3 }' | sed -n 's/@@TINYNN_[0-9.]*$//p' | sort > $library.exported
  diff $library.declared $library.exported || fail "$library does not export just the functions of tinynn.h (< missing, > too many)"
  needs=$(llvm-readelf --version-info $library | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
  [ "$(printf '%s\n' "GLIBC_$newest" "$needs" | sort -V | tail -n 1)" = "GLIBC_$newest" ] || fail "$library needs $needs, newer than $newest"
  libraries=$(llvm-readelf --needed-libs $library | grep -oE '[a-z]+[^ ]*\.so[^ ]*' | tr '\n' ' ')
  rm $library.declared $library.exported
  echo "$library: $(wc -c < $library) bytes, needs $libraries(${needs:-no version} at least)"
done
