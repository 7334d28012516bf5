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
    // The kernel interface is C declarations, public where Kernels shows them and internal elsewhere.
    .enableUpcomingFeature("InternalImportsByDefault"),
  ]

let package = Package(
  name: "edgessl",
  products: [
    .library(name: "TinyNN", targets: ["TinyNN"]),
    // With what a host needs around it: files, threads, photos.
    .library(name: "FewShot", targets: ["FewShot", "FewShotHost", "HostRuntime", "ImageFiles"]),
    // tinynn.h, for C and C++ programs on hosts; devices link what `make firmware` builds.
    .library(name: "tinynn", type: .static, targets: ["CInterface"]),
    .library(name: "Quantize", targets: ["Quantize"]),
    // ONNX files to graphs, graphs to .tnn files.
    .library(name: "ONNXImport", targets: ["ONNXImport", "ModelCompiler"]),
    .executable(name: "edgessl", targets: ["edgessl"]),
    .executable(name: "edgessl-serve", targets: ["edgessl-serve"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Reads the protocol buffers of ONNX files; the generated code is in Sources/ONNXImport/Protobuf.
    // Its traits are streams of Foundation's, which would link all of Foundation and its ICU data: 50 MB.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    // HTTP of the teach page: Documentation/teach-page.md says why this one.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  ],
  targets: [
    // The runtime: C only for SIMD kernels.
    .target(name: "CTinyNN"),
    .target(name: "TinyNN", dependencies: ["CTinyNN"], swiftSettings: device),

    // The second matrix multiplication backend, on hosts; it loads libopenblas when it is used.
    .target(name: "OpenBLASBackend", dependencies: ["TinyNN", "CTinyNN"], swiftSettings: strict + [.strictMemorySafety()]),

    // A client of MQTT brokers, on hosts; it loads libmosquitto when it is used.
    .target(name: "MosquittoClient", dependencies: ["HostRuntime"], swiftSettings: strict),

    // Photos: JPEG through libjpeg, PNG through libpng.
    .target(name: "CImageFiles", linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
    .target(name: "ImageFiles", dependencies: ["CImageFiles", "HostRuntime"], swiftSettings: strict),

    .target(name: "ModelCompiler", dependencies: ["TinyNN"], swiftSettings: strict),
    .target(name: "Quantize", dependencies: ["HostRuntime", "ModelCompiler", "TinyNN"], swiftSettings: strict),

    .target(
      name: "ONNXImport",
      dependencies: [
        "HostRuntime", "ModelCompiler", "TinyNN", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: strict),

    // What a host adds to the runtime: mapped files, threads, atomic writes.
    .target(name: "HostRuntime", dependencies: ["TinyNN"], swiftSettings: strict),

    // Learning from a few embeddings, on devices.
    .target(name: "FewShot", dependencies: ["TinyNN"], swiftSettings: device),

    // Learning from photos and files, around it.
    .target(
      name: "FewShotHost", dependencies: ["FewShot", "HostRuntime", "ImageFiles", "ModelCompiler", "TinyNN"],
      swiftSettings: strict + [
        // Imports say whether they show in the interface.
        .enableUpcomingFeature("InternalImportsByDefault")
      ]),

    // tinynn.h (Sources/CInterfaceHeader/include) over TinyNN and FewShot.
    .target(name: "CInterfaceHeader"),
    .target(name: "CInterface", dependencies: ["CInterfaceHeader", "TinyNN", "FewShot"], swiftSettings: device),

    // The commit, written into the linked program.
    .target(name: "BuildStamp"),

    .executableTarget(
      name: "edgessl",
      dependencies: [
        "BuildStamp", "FewShot", "FewShotHost", "HostRuntime", "ImageFiles", "ModelCompiler", "MosquittoClient", "ONNXImport",
        "OpenBLASBackend", "Quantize", "TinyNN",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // The teach page: what is taught and how, its interface, its page; then the program that serves it.
    .target(
      name: "TeachServer",
      dependencies: [
        "FewShot", "FewShotHost", "HostRuntime", "ImageFiles", "TinyNN", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ],
      // In the program itself: no files to find beside it.
      resources: [.embedInCode("Page/page.html"), .embedInCode("Page/page.css"), .embedInCode("Page/page.js")],
      swiftSettings: strict),
    .executableTarget(name: "edgessl-serve", dependencies: ["HostRuntime", "TeachServer"], swiftSettings: strict),

    // What tests of several targets share: .npy files, golden cases, aligned memory.
    .target(name: "TestSupport", dependencies: ["TinyNN", "ModelCompiler"], path: "Tests/TestSupport", swiftSettings: strict),

    .testTarget(
      name: "ONNXImportTests", dependencies: ["ONNXImport", "ModelCompiler", "TinyNN", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "TinyNNTests",
      dependencies: [
        "TinyNN", "CTinyNN", "OpenBLASBackend", "ModelCompiler", "ImageFiles", "HostRuntime", "Quantize", "FewShot", "TestSupport",
      ],
      swiftSettings: strict),
    // Synthetic classes and the smallest encoder, for the tests of both halves of few-shot learning.
    .target(
      name: "FewShotTestSupport",
      dependencies: ["FewShot", "FewShotHost", "HostRuntime", "ModelCompiler", "TestSupport", "TinyNN"],
      path: "Tests/FewShotTestSupport", swiftSettings: strict),
    .testTarget(
      name: "FewShotTests",
      dependencies: ["FewShot", "FewShotHost", "FewShotTestSupport", "TinyNN", "HostRuntime", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FewShotHostTests",
      dependencies: [
        "FewShot", "FewShotHost", "FewShotTestSupport", "TinyNN", "HostRuntime", "ImageFiles", "ModelCompiler", "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "CInterfaceTests",
      dependencies: [
        "CInterface", "CInterfaceHeader", "FewShot", "FewShotHost", "HostRuntime", "ImageFiles", "ModelCompiler", "TinyNN",
        "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(name: "ImageFilesTests", dependencies: ["ImageFiles", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "MosquittoClientTests", dependencies: ["MosquittoClient"], swiftSettings: strict),
    .testTarget(
      name: "TeachServerTests",
      dependencies: ["TeachServer", "FewShotHost", "FewShotTestSupport", "HostRuntime", "ImageFiles", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "HostRuntimeTests", dependencies: ["HostRuntime", "TinyNN", "TestSupport"], swiftSettings: strict),
    // Runs the command as a process.
    .testTarget(
      name: "edgesslTests",
      dependencies: [
        "edgessl", "TestSupport", "FewShot", "FewShotHost", "FewShotTestSupport", "HostRuntime", "ModelCompiler", "TinyNN",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "QuantizeTests", dependencies: ["Quantize", "ModelCompiler", "TinyNN", "HostRuntime", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ModelCompilerTests", dependencies: ["ModelCompiler", "HostRuntime", "TinyNN", "TestSupport"], swiftSettings: strict),
  ]
)

// For `make documentation` alone, so that who uses the package does not fetch it.
if Context.environment["EDGESSL_DOCUMENTATION"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
