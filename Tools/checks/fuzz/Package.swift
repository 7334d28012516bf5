// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let fewShot = Target.Dependency.product(name: "FewShot", package: "edgessl")
let onnxImport = Target.Dependency.product(name: "ONNXImport", package: "edgessl")

// Fuzz targets for everything that reads files from outside, driven by libFuzzer: run.sh builds and runs them.
let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "edgessl", path: "../../..")],
  targets: [
    .target(name: "FuzzSupport", dependencies: [fewShot], swiftSettings: strict),
    .executableTarget(name: "fuzz-import", dependencies: [onnxImport]),
    .executableTarget(name: "fuzz-model", dependencies: [onnxImport]),
    .executableTarget(name: "fuzz-task", dependencies: ["FuzzSupport", fewShot], swiftSettings: strict),
    .executableTarget(name: "fuzz-photo", dependencies: [fewShot], swiftSettings: strict),
    .executableTarget(name: "fuzz-array", dependencies: [fewShot], swiftSettings: strict),
    .executableTarget(
      name: "fuzz-interface",
      dependencies: ["FuzzSupport", fewShot, onnxImport, .product(name: "tinynn", package: "edgessl")], swiftSettings: strict),
  ]
)
