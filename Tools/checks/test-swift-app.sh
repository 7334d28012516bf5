#!/bin/sh
# Builds Examples/swift-app, a package of its own that depends on this one, and runs it on the shipped encoder and photos.
set -e
cd "$(dirname "$0")/../.."
parts=Examples/parts
swift build --package-path Examples/swift-app --scratch-path .build/swift-app
output=$(.build/swift-app/debug/swift-app models/edge-s/edge-s.tnn $parts/support/spring $parts/support/washer $parts/query/spring/01.jpg)
echo "$output"
echo "$output" | grep -q "arena [1-9][0-9]* bytes" || { echo "swift-app did not report its arena" >&2; exit 1; }
echo "$output" | grep -q "support/spring, confidence\|unknown (nearest: .*support/spring)" || { echo "swift-app named the spring wrongly" >&2; exit 1; }
