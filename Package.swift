// swift-tools-version: 6.2
import PackageDescription

// Every target of ours: Swift 6 language mode (from the tools version), warnings are errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// Code that also runs on devices: every use of a pointer is marked `unsafe` and says why it holds.
let device: [SwiftSetting] =
  strict + [
    .strictMemorySafety(),
    // @_lifetime on accessors that return a Span into memory the caller owns.
    .enableExperimentalFeature("Lifetimes"),
    // C declarations are part of TinyNN's public kernel interface and are imported as public where they are.
    .enableUpcomingFeature("InternalImportsByDefault"),
  ]

// Host code may use pointers inside closures of the standard library without marking each.
let host: [SwiftSetting] = strict + [.enableUpcomingFeature("InternalImportsByDefault")]

let package = Package(
  name: "edgessl",
  products: [
    .library(name: "TinyNN", targets: ["TinyNN"]),
  ],
  targets: [
    .target(name: "CTinyNN"),
    .target(name: "TinyNN", dependencies: ["CTinyNN"], swiftSettings: device),
    .target(name: "ModelCompiler", dependencies: ["TinyNN"], swiftSettings: host),
  ]
)
