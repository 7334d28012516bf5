#!/bin/sh
# Fuzzes what reads files from outside, with libFuzzer and the address sanitizer.
#
#   Tools/checks/fuzz/run.sh import|model|task|photo|array|interface [SECONDS] [SEED]
#
# Starts from what seeds.sh makes and the kept corpus, works in .build/fuzz, and ends with a file crash-… there if it finds
# something. EDGESSL is the built command.
set -e
cd "$(dirname "$0")/../../.."
target=$1 seconds=${2:-60} seed=${3:-1}
build=.build/fuzz work=.build/fuzz/work/$target
swift build --package-path Tools/checks/fuzz --scratch-path $build -c release --sanitize fuzzer --sanitize address --product fuzz-$target \
  -Xswiftc -sanitize=fuzzer,address \
  -Xswiftc -assert-config -Xswiftc Debug
mkdir -p $work/corpus $work/seeds Tests/Fuzz/$target
Tools/checks/fuzz/seeds.sh $target $work/seeds
exec $build/release/fuzz-$target -seed=$seed -max_total_time=$seconds -timeout=30 -rss_limit_mb=3000 -max_len=16384 \
  -artifact_prefix=$work/ -print_final_stats=1 $work/corpus Tests/Fuzz/$target $work/seeds
