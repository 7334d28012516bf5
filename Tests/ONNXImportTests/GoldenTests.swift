import Foundation
import ONNXImport
import TestSupport
import Testing
import TinyNN

// A case that cannot be read is a defect of the test data and ends the run.
private let committed = try! GoldenCase.all(in: TestFolders.golden)
private let made = try! GoldenCase.all(in: TestFolders.madeGolden)
private let instructionSets: [InstructionSet] = [.reference, .avx2, .avx512, .neon].filter(\.isAvailable)

/// Imports, lowers, opens and runs the case, and compares each output with ONNX Runtime's.
private func check(
  _ golden: GoldenCase, _ options: ImportOptions, expecting files: [String], kernels: [InstructionSet], threads: [Int]
) throws {
  let imported = try importONNX(contentsOf: golden.model.path, options: options)
  let inputs = try imported.inputs.map { interface in
    let file = try #require(golden.inputs[interface.name], "case.json has no input '\(interface.name)'")
    let array = try golden.array(file)
    #expect(interface.shape == array.shape)
    return interface.isStoredAsNHWC ? array.nhwcValues : array.values
  }
  let expected = try files.map(golden.array)
  #expect(imported.outputs.map(\.shape) == expected.map(\.shape))
  var first: [[Float]]?
  for instructionSet in kernels {
    for count in threads {
      let outputs = try run(imported.graph, inputs, threads: count, kernels: try #require(Kernels(instructionSet: instructionSet)))
      for (index, (actual, wanted)) in zip(outputs, expected).enumerated() {
        let difference = relativeDifference(actual, wanted.values)
        #expect(
          difference <= golden.tolerance,
          "output \(imported.outputs[index].name), \(instructionSet), \(count) threads, first values \(actual.prefix(8)), expected \(wanted.values.prefix(8))")
      }
      if let first { #expect(outputs == first, "\(instructionSet) with \(count) threads gives other bits") }
      first = outputs
    }
  }
}

@Suite struct GoldenTests {
  @Test func casesAreFound() { #expect(committed.count >= 170) }

  @Test(arguments: committed)
  func operatorAgreesWithONNXRuntime(golden: GoldenCase) throws {
    let options = ImportOptions(inputSize: golden.name == "view_dynamic_size" ? 6 : nil, allOutputs: true)
    try check(golden, options, expecting: ["output.npy"], kernels: instructionSets, threads: [1, 2, 3])
  }

  @Test(.enabled(if: !made.isEmpty, "no cases in \(TestFolders.madeGolden.path): make them with Tools/golden"), arguments: made)
  func encoderAgreesWithONNXRuntime(golden: GoldenCase) throws {
    guard TestFolders.exists(golden.model) else { return }
    let size = try golden.array("input.npy").shape[2]
    let isOpen = try ONNXModel(path: golden.model.path).inputs[0].dimensions?.contains { if case .dynamic("H") = $0 { true } else { false } } == true
    for (name, file) in golden.outputs {
      let options = ImportOptions(inputSize: isOpen ? size : nil, embedding: name)
      try check(golden, options, expecting: [file], kernels: [.best], threads: [1, 2])
    }
    if let embedding = golden.embedding {
      let options = ImportOptions(inputSize: isOpen ? size : nil)
      try check(golden, options, expecting: [embedding.file], kernels: [.best], threads: [1, 2])
    }
  }
}
