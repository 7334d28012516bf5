#!/bin/sh
# Writes the commit of this checkout into a linked program, for `edgessl --version`: stamp.sh PROGRAM. Nothing is compiled again: the
# bytes of the section edgessl_stamp (Sources/BuildStamp) are overwritten, and the time of the file is kept, so that SwiftPM does
# not link it again. Outside a checkout the program goes on saying "unknown".
set -e
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
[ "$(git rev-parse --show-toplevel 2> /dev/null)" = "$PWD" ] || exit 0
commit=$(git rev-parse --short=12 HEAD)
git diff-index --quiet HEAD -- || commit=$commit+
place=$(readelf --wide --sections "$program" | sed -nE 's/.* edgessl_stamp +PROGBITS +[0-9a-f]+ ([0-9a-f]+) 0*40 .*/\1/p')
[ -n "$place" ] || { echo "$0: $program has no section edgessl_stamp of 64 bytes" >&2; exit 1; }
touch -r "$program" "$program.time"
head -c 64 /dev/zero | dd of="$program" bs=1 seek=$((0x$place)) conv=notrunc status=none
printf %s "$commit" | dd of="$program" bs=1 seek=$((0x$place)) conv=notrunc status=none
touch -r "$program.time" "$program"
rm "$program.time"
