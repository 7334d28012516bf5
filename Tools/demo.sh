#!/bin/sh
# The main job on the shipped encoder and photos: learn five kinds of parts from five photos each, then look at photos that it
# has not seen, among them things of no class.
set -e
edgessl=$1
parts="$(dirname "$0")/../Examples/parts"
# Not the user's current task file, which `edgessl adapt` writes without -o.
task="$(dirname "$0")/../.build/demo/parts.tnn"
mkdir -p "$(dirname "$task")"
"$edgessl" adapt "$parts/support" -o "$task"
echo
"$edgessl" classify --model "$task" "$parts"/query/bolt/0[1-3].jpg "$parts"/query/nut/0[1-3].jpg "$parts"/query/washer/0[1-3].jpg \
  "$parts"/query/gear/0[1-3].jpg "$parts"/query/spring/0[1-3].jpg "$parts"/query/unknown/*.jpg
