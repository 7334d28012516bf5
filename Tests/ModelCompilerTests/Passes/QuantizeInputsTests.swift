import ModelCompiler
import Testing
import TinyNN

@Suite struct QuantizeInputsTests {
  private func graph(maps: [Quantization]) throws -> Graph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape(1, 6)))
    graph.outputs = try maps.enumerated().map { index, map in
      let rounded = try graph.add(Quantize(), name: "q\(index)", inputs: [x], quantization: map)
      return try graph.add(Dequantize(), name: "d\(index)", inputs: [rounded])
    }
    return graph
  }

  @Test func anInputThatIsOnlyQuantizedBecomesInt8() throws {
    let map = Quantization(scale: 0.5, zeroPoint: -3)
    var graph = try graph(maps: [map, map])
    graph.quantizeInputs()
    let input = graph.tensors[graph.inputs[0]]
    #expect(input.type == TensorType(.int8, Shape(1, 6)) && input.quantization == map)
    #expect(graph.nodes.map(\.kind) == [.dequantize, .dequantize])
  }

  @Test func anInputWithTwoMapsStaysFloat32() throws {
    var graph = try graph(maps: [Quantization(scale: 0.5, zeroPoint: -3), Quantization(scale: 0.25, zeroPoint: 0)])
    graph.quantizeInputs()
    #expect(graph.type(graph.inputs[0]).elementType == .float32 && graph.nodes.count == 4)
  }
}
