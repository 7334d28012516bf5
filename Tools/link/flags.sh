#!/bin/sh
# Prints the options with which `make build` links the command for a quick start in little memory:
# - at a fixed address, so that there are no relocations to work through;
# - with the C++, JPEG, PNG and zlib libraries linked in, as the Swift library is;
# - where the linker is gold, with the library functions that every run calls side by side (hot-sections.txt): the kernel maps the
#   pages of a program sixteen at a time, so that scattered functions make all of it resident.
# Paths are relative to the root of the package, where the linker runs, so that blanks in its name do no harm.
cd "$(dirname "$0")/../.."
archives=.build/static
mkdir -p "$archives"
for name in stdc++ jpeg png z; do
  path=$(clang -print-file-name=lib$name.a)
  # Without the archive the shared library serves.
  if [ -e "$path" ]; then ln -sf "$path" "$archives/"; fi
done
echo "-Xswiftc -L$archives -Xlinker -lz -Xswiftc -Xclang-linker -Xswiftc -no-pie -Xswiftc -Xclang-linker -Xswiftc -static-libgcc"
if command -v ld.gold > /dev/null; then
  echo "-Xswiftc -use-ld=gold -Xlinker --no-export-dynamic -Xlinker --section-ordering-file=Tools/link/hot-sections.txt"
fi
