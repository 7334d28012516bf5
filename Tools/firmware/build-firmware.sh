#!/bin/sh
# Builds libtinynn.a for devices with Embedded Swift and -no-allocations: TARGET... of x86_64, aarch64,
# armv7, armv7em, armv7em-int8 (default: all).
# armv7em-int8 is armv7em with int8 inference alone (Sources/TinyNN/Operators/Contract/OperatorSelection.swift), for little flash.
# Output: .build/firmware/<target>/libtinynn.a and .build/firmware/include/tinynn.h. Tools/firmware/check-firmware.sh states sizes and symbols.
#
# armv7 and armv7em: functions pass floats through memory only, so the library goes into soft and hard float programs alike; the
# build attributes that would forbid it are taken out.
set -e
cd "$(dirname "$0")/../.."
out=.build/firmware
mkdir -p "$out/include"
header=Sources/CInterfaceHeader/include/tinynn.h
cmp -s $header "$out/include/tinynn.h" || cp $header "$out/include/"

swift_flags="-swift-version 6 -wmo -Osize -parse-as-library -package-name edgessl -strict-memory-safety -warnings-as-errors
  -enable-experimental-feature Embedded -enable-experimental-feature Lifetimes
  -enable-upcoming-feature InternalImportsByDefault -no-allocations
  -Xfrontend -function-sections -Xfrontend -disable-stack-protector"
c_flags="-std=gnu11 -O2 -fvisibility=hidden -ffunction-sections -fdata-sections -fno-stack-protector -ffp-contract=off -Wall -Wno-psabi -Werror"

build() {
  target=$1 swift_triple=$2 c_triple=$3
  shift 3
  dir="$out/$target"
  rm -rf "$dir"
  mkdir -p "$dir"
  xcc=
  for flag in "$@"; do xcc="$xcc -Xcc $flag"; done
  # A square root is an instruction, not a call that sets errno.
  xcc="$xcc -Xcc -fno-math-errno"
  selection=
  case $target in *-int8) selection="-D TINYNN_INT8_INFERENCE" left=TrainerInterface.swift ;; *) left=none ;; esac
  modules="-I $dir -I Sources/CTinyNN/include -I Sources/CInterfaceHeader/include"
  for module in TinyNN:Sources/TinyNN FewShot:Sources/FewShot CInterface:Sources/CInterface; do
    swiftc $swift_flags $selection -target "$swift_triple" $xcc $modules -module-name "${module%%:*}" \
      -emit-module -emit-module-path "$dir/${module%%:*}.swiftmodule" \
      -c $(find "${module#*:}" -name '*.swift' ! -name "$left") -o "$dir/${module%%:*}.o"
  done
  for source in $(find Sources/CTinyNN -name '*.c'); do
    clang $c_flags --target="$c_triple" "$@" -I Sources/CTinyNN/include -c "$source" -o "$dir/$(basename "$source" .c).o"
  done
  case $target in armv7*) for object in "$dir"/*.o; do llvm-objcopy --remove-section=.ARM.attributes "$object"; done ;; esac
  rm -f "$dir/libtinynn.a"
  llvm-ar rcs "$dir/libtinynn.a" "$dir"/*.o
  rm "$dir"/*.o
  echo "$dir/libtinynn.a"
}

# Needs the C library's headers of the target.
missing() {
  echo '#include <sys/auxv.h>' | clang --target="$1" -fsyntax-only -xc - 2> /dev/null && return 1
  echo "SKIPPED: $target: no C library headers for $1 (make deps-arm)"
}

# Targets side by side: each is compiled by one thread.
if [ $# != 1 ]; then
  for target in ${@:-x86_64 aarch64 armv7 armv7em armv7em-int8}; do
    case $#$target in
      0x86_64 | 0aarch64) if missing $target-linux-gnu >&2; then continue; fi ;;
    esac
    echo $target
  done | xargs -n 1 -P "$(nproc)" "$0"
  exit
fi
case $1 in
  x86_64) build x86_64 x86_64-unknown-linux-gnu x86_64-linux-gnu -fPIC ;;
  aarch64) build aarch64 aarch64-none-none-elf aarch64-linux-gnu -fPIC ;;
  # Fused multiply-add: Cortex-A7, A15 and later (Raspberry Pi 2 and later).
  armv7) build armv7 armv7-none-none-eabi armv7-none-eabi -fPIC -mcpu=cortex-a7 -mfpu=neon-vfpv4 -mfloat-abi=softfp ;;
  armv7em | armv7em-int8) build $1 armv7em-none-none-eabi armv7em-none-eabi -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=softfp ;;
  *) echo "$0: unknown target $1 (x86_64, aarch64, armv7, armv7em, armv7em-int8)" >&2; exit 64 ;;
esac
