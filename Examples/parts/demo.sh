#!/bin/sh
# The main job on the shipped encoder and photos: learn five kinds of parts from five photos each, then look at photos that it
# has not seen, the last one of a thing that belongs to no class.
set -e
edgessl=$(realpath "$1")
cd "$(dirname "$0")/../.."
# Not the user's current task file, which `edgessl adapt` writes without -o.
task=.build/demo/parts.tnn
mkdir -p .build/demo
"$edgessl" adapt Examples/parts/support -o $task
echo
cd Examples/parts/query
"$edgessl" classify --model ../../../$task bolt/0[12].jpg nut/0[12].jpg washer/0[12].jpg gear/0[23].jpg spring/0[13].jpg unknown/duck.jpg
