#!/bin/sh
# Holds what `make firmware` promises, for the libraries in .build/firmware: tinynn.h compiles as C and C++, every function of it is in
# the library, nothing stays undefined but Tools/firmware/firmware-symbols.txt, and inference with int8 networks is at most 60 KB of text.
# Prints a table of sizes as the linker leaves them with unused functions dropped.
set -e
cd "$(dirname "$0")/../.."
out=.build/firmware
header=Sources/CInterfaceHeader/include/tinynn.h
limit=61440
mkdir -p "$out"

# The header, in every dialect that firmware uses, with the compilers that are here.
printf '#include "tinynn.h"\nint main(void) { return tinynn_version() != TINYNN_VERSION; }\n' > "$out/include.c"
cp "$out/include.c" "$out/include.cpp"
warnings="-Wall -Wextra -Wpedantic -Wconversion -Werror -I Sources/CInterfaceHeader/include -fsyntax-only"
for compiler in gcc clang arm-none-eabi-gcc aarch64-linux-gnu-gcc; do
  command -v $compiler >/dev/null || continue
  extra=; [ $compiler = clang ] && extra=-Wno-nullability-extension
  for standard in c99 c11; do $compiler -std=$standard $warnings $extra "$out/include.c"; done
done
for compiler in g++ clang++ arm-none-eabi-g++; do
  command -v $compiler >/dev/null || continue
  extra=; [ $compiler = clang++ ] && extra=-Wno-nullability-extension
  for standard in c++11 c++17; do $compiler -std=$standard $warnings $extra "$out/include.cpp"; done
done

functions=$(grep -vE '^ *//' "$header" | grep -oE '\btinynn_[a-z_]+\(' | tr -d '(' | sort -u)
inference="tinynn_version tinynn_model_required_bytes tinynn_model_open tinynn_session_required_bytes tinynn_session_open
  tinynn_session_input tinynn_session_output tinynn_session_run tinynn_embed_scratch_bytes tinynn_session_embed"
classify="$inference tinynn_task_required_bytes tinynn_task_open tinynn_task_classify tinynn_task_class_name"
grep -vE '^(#|$)' Tools/firmware/firmware-symbols.txt | sort -u > "$out/allowed.txt"

# size TARGET NAME FUNCTION...: what a program that calls these functions gets.
size() {
  target=$1 name=$2
  shift 2
  roots=
  for function in "$@"; do roots="$roots -u $function"; done
  ld.lld --gc-sections --warn-unresolved-symbols -e "$1" $roots "$out/$target/libtinynn.a" -o "$out/$target/$name.elf" 2> "$out/$target/$name.log"
  sed -n 's/.*undefined symbol: //p' "$out/$target/$name.log" | sort -u > "$out/$target/$name.undefined"
  unknown=$(comm -23 "$out/$target/$name.undefined" "$out/allowed.txt")
  [ -z "$unknown" ] || { echo "$target, $name: needs symbols that are not in Tools/firmware/firmware-symbols.txt:" $unknown >&2; exit 1; }
  for function in "$@"; do
    llvm-nm "$out/$target/$name.elf" | grep -q " T $function\$" || { echo "$target: $function of tinynn.h is not in the library" >&2; exit 1; }
  done
  text=0 data=0
  while read -r section bytes; do
    case $section in
      .text* | .rodata* | .data.rel.ro* | .eh_frame* | .ARM.ex* | .swift_modhash) text=$((text + 0x$bytes)) ;;
      .data | .bss | .got) data=$((data + 0x$bytes)) ;;
    esac
  done <<END
$(llvm-objdump -h "$out/$target/$name.elf" | awk '$1 ~ /^[0-9]+$/ { print $2, $3 }')
END
  printf '%-14s %-12s %8d %6d   %s\n' "$target" "$name" "$text" "$data" "$(tr '\n' ' ' < "$out/$target/$name.undefined")"
}

printf '%-14s %-12s %8s %6s   %s\n' target functions text data "needs from the program"
for target in x86_64 aarch64 armv7 armv7em; do
  [ -f "$out/$target/libtinynn.a" ] || continue
  size $target all $functions
  size $target inference $inference
done
target=armv7em-int8
if [ -f "$out/$target/libtinynn.a" ]; then
  size $target classify $classify
  size $target inference $inference
  [ "$text" -le $limit ] || { echo "inference with int8 networks takes $text bytes of text on a Cortex-M7, more than $limit" >&2; exit 1; }
fi
