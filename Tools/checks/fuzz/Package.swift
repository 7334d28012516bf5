// swift-tools-version: 6.2
import PackageDescription

// Fuzz targets for everything that reads files from outside, driven by libFuzzer: run.sh builds and runs them.
let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "edgessl", path: "../../..")],
  targets: [
    .executableTarget(name: "fuzz-import", dependencies: [.product(name: "ONNXImport", package: "edgessl")]),
    .executableTarget(name: "fuzz-model", dependencies: [.product(name: "ONNXImport", package: "edgessl")]),
  ]
)
