#!/bin/sh
# Builds Examples/swift-app, a package of its own that depends on this one, and runs it on the shipped encoder and photos.
set -e
cd "$(dirname "$0")/../.."
parts=Examples/parts
swift build --package-path Examples/swift-app --scratch-path .build/swift-app
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
app=$PWD/.build/swift-app/debug/swift-app root=$PWD
output=$(cd "$folder" && "$app" "$root/models/edge-s/edge-s.tnn" "$root/$parts/support" "$root/$parts/query/spring/01.jpg")
echo "$output"
echo "$output" | grep -q "^spring, confidence\|^unknown (nearest: spring)" || { echo "swift-app named the spring wrongly" >&2; exit 1; }
echo "$output" | grep -q "^[1-9][0-9]* bytes planned; 15 photos" || { echo "swift-app did not say what it planned" >&2; exit 1; }
echo "$output" | grep -q "^a photo of washer: washer" || { echo "swift-app named the washer wrongly" >&2; exit 1; }
