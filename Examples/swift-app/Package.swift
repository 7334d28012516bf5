// swift-tools-version: 6.2
import PackageDescription

// Another package that depends on edgessl's libraries, as an application would.
let package = Package(
  name: "swift-app",
  dependencies: [.package(name: "edgessl", path: "../..")],
  targets: [
    .executableTarget(
      name: "swift-app",
      dependencies: [.product(name: "FewShot", package: "edgessl")])
  ]
)
