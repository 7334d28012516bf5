#!/bin/sh
# Holds that a linked program has no ICU data in it: check.sh PROGRAM. One `import Foundation` in one file of a dependency, where
# FoundationEssentials would do, takes the stripped command from 22 to 66 MB.
set -e
if nm "$1" | grep -q ' icudt'; then
  echo "$1: has Foundation's ICU data (30 MB) in it; find what imports Foundation: readelf -p .swift1_autolink_entries OBJECT" >&2
  exit 1
fi
