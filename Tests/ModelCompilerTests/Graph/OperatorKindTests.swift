import ModelCompiler
import Testing
import TinyNN

@Suite struct OperatorKindTests {
  private struct RoundTrip: OperatorVisitor {
    func visit<O: Operator>(_ type: O.Type) -> OperatorKind { OperatorKind(of: type) }
  }

  @Test func everyKindIsThatOfItsOwnType() throws {
    var code: UInt16 = 1
    while let kind = OperatorKind(rawValue: code) {
      var visitor = RoundTrip()
      #expect(try kind.accept(&visitor) == kind)
      code += 1
    }
    #expect(code > 20)
  }

  @Test func aNodeIsDecodedAsItsOwnOperatorOnly() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape(1, 4)))
    _ = try graph.add(Softmax(axis: 1), name: "y", inputs: [x])
    #expect(graph.nodes[0].decoded(Softmax.self)?.axis == 1)
    // Its attributes would do for a concatenation as well.
    #expect(graph.nodes[0].decoded(Concatenate.self) == nil)
  }
}
