import Foundation
import ONNXImport
import TestSupport
import Testing
import TinyNN

// A case that cannot be read is a defect of the test data and ends the run.
private let committed = try! GoldenCase.all(in: TestFolders.golden)
private let operators = committed.filter { $0.model.path.hasPrefix(TestFolders.golden.path) }
private let encoders = committed.filter { !$0.model.path.hasPrefix(TestFolders.golden.path) }
private let made = try! GoldenCase.all(in: TestFolders.madeGolden)
private let hasData = TestFolders.exists(TestFolders.data.appending(path: "encoders"))
private let instructionSets: [InstructionSet] = [.reference, .avx2, .avx512, .neon].filter(\.isAvailable)

/// Height and width to import with: the input's where the file leaves them open.
private func inputSize(_ golden: GoldenCase) throws -> Int? {
  let input = try ONNXModel(path: golden.model.path).inputs[0]
  let isOpen = input.dimensions?.dropFirst().contains { if case .dynamic = $0 { true } else { false } } == true
  return isOpen ? try golden.input(input.name)?.shape.last : nil
}

/// Imports, lowers, opens and runs the case, and compares each output with ONNX Runtime's. `files` names the expected
/// output by tensor.
private func check(
  _ golden: GoldenCase, _ options: ImportOptions, expecting files: [String: String], kernels: [InstructionSet], threads: [Int]
) throws {
  var options = options
  options.inputSize = try inputSize(golden)
  let imported = try importONNX(contentsOf: golden.model.path, options: options)
  let inputs = try imported.inputs.map { interface in
    let array = try #require(try golden.input(interface.name), "case.json has no input '\(interface.name)'")
    #expect(interface.shape == array.shape)
    return interface.isStoredAsNHWC ? array.nhwcValues : array.values
  }
  let expected = try imported.outputs.map { interface in
    let file = try #require(files[interface.name], "case.json does not expect '\(interface.name)'")
    return try golden.array(file)
  }
  #expect(imported.outputs.map(\.shape) == expected.map(\.shape))
  var first: [[Float]]?
  for instructionSet in kernels {
    for count in threads {
      let outputs = try run(imported.graph, inputs, threads: count, kernels: try #require(Kernels(instructionSet: instructionSet)))
      for (interface, (actual, wanted)) in zip(imported.outputs, zip(outputs, expected)) {
        let difference = relativeDifference(actual, wanted.values)
        #expect(
          difference <= golden.tolerance,
          """
          \(interface.name), \(instructionSet), \(count) threads: first values \(actual.prefix(8)), \
          expected \(wanted.values.prefix(8))
          """
        )
      }
      if let first { #expect(outputs == first, "\(instructionSet) with \(count) threads gives other bits") }
      first = outputs
    }
  }
}

@Suite struct GoldenTests {
  @Test func casesAreFound() {
    #expect(operators.count >= 170)
    #expect(encoders.count == 6)
  }

  @Test(arguments: operators)
  func operatorAgreesWithONNXRuntime(golden: GoldenCase) throws {
    try check(golden, ImportOptions(allOutputs: true), expecting: golden.outputs, kernels: instructionSets, threads: [1, 2, 3])
  }

  @Test(.enabled(if: hasData, "no encoders in \(TestFolders.data.path): set EDGESSL_DATA"), arguments: encoders)
  func encoderAgreesWithONNXRuntime(golden: GoldenCase) throws {
    try check(golden, ImportOptions(allOutputs: true), expecting: golden.outputs, kernels: [.best], threads: [1, 2])
  }

  /// Without a name, the import finds the embedding that data/README.md states.
  @Test(.enabled(if: hasData, "no encoders in \(TestFolders.data.path): set EDGESSL_DATA"), arguments: encoders)
  func embeddingIsFound(golden: GoldenCase) throws {
    let embedding = try #require(golden.embedding)
    try check(golden, ImportOptions(), expecting: [embedding.name: embedding.file], kernels: [.best], threads: [1])
  }

  @Test(
    .enabled(if: !made.isEmpty, "no cases in \(TestFolders.madeGolden.path): make them with Tools/golden/export_models.py"),
    arguments: made)
  func exportedModelAgreesWithONNXRuntime(golden: GoldenCase) throws {
    try check(golden, ImportOptions(allOutputs: true), expecting: golden.outputs, kernels: [.best], threads: [1, 2])
    let embedding = golden.embedding.map { [$0.name: $0.file] } ?? golden.outputs
    try check(golden, ImportOptions(), expecting: embedding, kernels: [.best], threads: [1])
  }
}
