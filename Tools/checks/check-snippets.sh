#!/bin/sh
# The snippets of the DocC pages: each one compiles without warnings and runs on the shipped encoder and photos.
set -eu
cd "$(dirname "$0")/../.."
for file in Snippets/*.swift; do
  name=$(basename "$file" .swift)
  output=$(${SWIFT:-swift} build --product "$name" 2>&1) || { echo "$output" >&2; exit 1; }
  if echo "$output" | grep -q "$file.*warning:"; then echo "$output" >&2; exit 1; fi
  ".build/debug/$name" > /dev/null || { echo "$file fails" >&2; exit 1; }
  echo "snippet $name: compiles and runs"
done
