import ModelCompiler
import ONNXImport
import TestSupport
import Testing
import TinyNN

private let committed = try! GoldenCase.all(in: TestFolders.golden)

/// Whatever a pass rewrites, every node still fits its operands, and the outputs keep their shapes.
@Suite struct PassTypesTests {
  @Test(arguments: committed.filter { $0.model.path.hasPrefix(TestFolders.golden.path) })
  func everyPassKeepsTypes(golden: GoldenCase) throws {
    let model = try ONNXModel(path: golden.model.path)
    let isOpen = model.inputs[0].dimensions?.dropFirst().contains { if case .dynamic = $0 { true } else { false } } == true
    let size = isOpen ? try golden.input(model.inputs[0].name)?.shape.last : nil
    var graph = try model.translated(ImportOptions(inputSize: size, allOutputs: true)).graph
    try graph.checkTypes()
    let outputs = graph.outputs.map { graph.type($0) }
    for pass in Graph.passes {
      pass.run(&graph)
      do { try graph.checkTypes() } catch {
        Issue.record("\(pass.name): \(error)")
        return
      }
      try #require(graph.outputs.map { graph.type($0) } == outputs, "\(pass.name)")
    }
  }
}
