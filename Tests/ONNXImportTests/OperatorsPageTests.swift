import Foundation
import ModelCompiler
@testable import ONNXImport
import TestSupport
import Testing
import TinyNN

/// The tables of Documentation/operators.md follow from the code and from the golden cases.
@Suite struct OperatorsPageTests {
  private static let page = TestFolders.package.appending(path: "Documentation/operators.md")
  private static let markers = ("<!-- operators: begin -->\n", "<!-- operators: end -->")

  @Test("The page says what the code does; EDGESSL_UPDATE=1 writes it anew")
  func pageIsUpToDate() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let start = try #require(text.range(of: Self.markers.0)), end = try #require(text.range(of: Self.markers.1))
    let tables = try Self.tables()
    if ProcessInfo.processInfo.environment["EDGESSL_UPDATE"] == "1" {
      try (text[..<start.upperBound] + tables + text[end.lowerBound...]).write(to: Self.page, atomically: true, encoding: .utf8)
      return
    }
    let written = text[start.upperBound..<end.lowerBound].split(separator: "\n"), expected = tables.split(separator: "\n")
    for (old, new) in zip(written, expected) where old != new {
      Issue.record(
        "\(Self.page.path) has\n\(old)\nwhere the code gives\n\(new)\nrun: EDGESSL_UPDATE=1 swift test --filter OperatorsPageTests")
      return
    }
    #expect(
      written.count == expected.count,
      """
      \(Self.page.path) has \(written.count) lines, needs \(expected.count): \
      run EDGESSL_UPDATE=1 swift test --filter OperatorsPageTests
      """
    )
  }

  private static func tables() throws -> String {
    var opsets: [String: Set<Int>] = [:], cases: [String: Int] = [:]
    var traits: [OperatorKind: Traits] = [:]
    for golden in try GoldenCase.all(in: TestFolders.golden) where golden.model.path.hasPrefix(TestFolders.golden.path) {
      let model = try ONNXModel(path: golden.model.path)
      for name in Set(model.nodes.map(\.operatorName)) {
        opsets[name, default: []].insert(model.opset)
        cases[name, default: 0] += 1
      }
      let size = try golden.inputs.keys.sorted().first.flatMap { try golden.input($0)?.shape.last }
      guard let graph = try? model.imported(ImportOptions(inputSize: model.hasOpenSize ? size : nil, allOutputs: true)).graph else {
        continue
      }
      for node in graph.nodes {
        guard let found = graph.ask(node, Probe(operands: graph.operands(of: node))) else { continue }
        traits[node.kind, default: Traits()].join(found)
      }
    }

    var lines = ["| ONNX operator | at inference | golden cases | their operator sets |", "|---|---|---|---|"]
    for name in Set(Translation.rules.keys).union(ConstantFolding.rules.keys).sorted() {
      let sets = opsets[name, default: []].sorted().map(String.init).joined(separator: ", ")
      lines.append("| \(name) | \(mark(Translation.rules[name] != nil)) | \(cases[name, default: 0]) | \(sets) |")
    }
    lines += ["", "| operator of the runtime | code in the file | float32 | int8 | backward |", "|---|---|---|---|---|"]
    for code in UInt16(1)... {
      guard let kind = OperatorKind(rawValue: code) else { break }
      var visitor = Name()
      let found = traits[kind]
      lines.append("| \(try kind.accept(&visitor)) | \(code) | yes | \(mark(found?.int8)) | \(mark(found?.backward)) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func mark(_ value: Bool?) -> String { value.map { $0 ? "yes" : "no" } ?? "not in a golden case" }
}

extension ONNXModel {
  fileprivate var hasOpenSize: Bool {
    inputs.first?.dimensions?.dropFirst().contains { if case .dynamic = $0 { true } else { false } } == true
  }
}

/// What an operator can do in one of its forms.
private struct Traits {
  var int8 = false
  var backward = false

  mutating func join(_ other: Traits) {
    int8 = int8 || other.int8
    backward = backward || other.backward
  }
}

private struct Name: OperatorVisitor {
  func visit<O: Operator>(_ type: O.Type) -> String { "\(O.name)" }
}

/// Asks an operator for its rules: it has an int8 form if its shape rule takes its operands as int8.
private struct Probe: OperatorQuestion {
  let operands: NodeOperands

  func answer<O: Operator>(_ operation: O) -> Traits {
    let types = (0..<operands.inputCount).compactMap(operands.inputType)
    func isAccepted(_ types: [TensorType]) -> Bool { (try? operation.outputType(0, of: Operands(types: types))) != nil }
    var forms = [types.map { TensorType($0.elementType == .float32 ? .int8 : $0.elementType, $0.shape) }]
    if operation.weightForm != nil, types.count == 3 {
      let bias = types[2].shape
      forms.append([
        TensorType(.int8, types[0].shape), TensorType(.int8, types[1].shape), TensorType(.int32, bias), TensorType(.float32, bias),
      ])
    }
    return Traits(int8: O.self == Quantize.self || forms.contains(where: isAccepted), backward: operation.differentiation != nil)
  }

  private struct Operands: OperandTypes {
    let types: [TensorType]
    var inputCount: Int { types.count }
    func inputType(_ index: Int) -> TensorType? { index < types.count ? types[index] : nil }
  }
}
