#!/bin/sh
# Writes Sources/ONNXImport/Protobuf/onnx.pb.swift from onnx.proto.
#
# onnx.proto is the file of the onnx package on PyPI (1.23.2, Apache-2.0). Needs protoc (Debian: protobuf-compiler) and
# git; protoc-gen-swift is built here from the version of swift-protobuf that Package.swift asks for.
set -eu

version=1.39.0
here=$(cd "$(dirname "$0")" && pwd)
output=$here/../../Sources/ONNXImport/Protobuf
build=${TMPDIR:-/tmp}/edgessl-swift-protobuf-$version

if [ ! -d "$build" ]; then
    git clone --quiet --branch "$version" https://github.com/apple/swift-protobuf "$build"
fi
swift build --package-path "$build" --configuration release --product protoc-gen-swift
plugin=$(swift build --package-path "$build" --configuration release --show-bin-path)/protoc-gen-swift

protoc --plugin=protoc-gen-swift="$plugin" --proto_path="$here" \
    --swift_opt=Visibility=Internal --swift_out="$output" "$here/onnx.proto"
