import ModelCompiler
import TinyNN

/// The compiler's graph while an import appends to it; translations of all nodes share one.
final class GraphBuilder {
  private(set) var graph = Graph()
  /// Constants that are already in the graph: a weight that several nodes read is stored once.
  private var constants: [ConstantKey: Graph.TensorID] = [:]

  private var positionLists: [[Int32]: Graph.TensorID] = [:]

  private struct ConstantKey: Hashable {
    let shape: [Int]
    let bits: [UInt32]
  }

  func addInput(_ name: String, _ shape: Shape) -> Graph.TensorID {
    graph.addInput(name, TensorType(.float32, shape))
  }

  func setOutputs(_ outputs: [Graph.TensorID]) { graph.outputs = outputs }

  func constant(_ shape: Shape, _ elements: [Float], name: String) -> Graph.TensorID {
    guard elements.count <= 16 else { return graph.addConstant(name, shape, elements) }
    let key = ConstantKey(shape: shape.extents, bits: elements.map(\.bitPattern))
    if let known = constants[key] { return known }
    let tensor = graph.addConstant(name, shape, elements)
    constants[key] = tensor
    return tensor
  }

  func positions(_ positions: [Int32], name: String) -> Graph.TensorID {
    if let known = positionLists[positions] { return known }
    let tensor = graph.addConstant(name, Shape(positions.count), int32: positions)
    positionLists[positions] = tensor
    return tensor
  }

  func append(_ operation: some Operator, _ inputs: [Graph.TensorID], name: String) throws(CompileError) -> Graph.TensorID {
    let output = try graph.add(operation, name: name, inputs: inputs)
    if graph.type(output).elementType == .int8, operation.preservesQuantization, let map = graph.tensors[inputs[0]].quantization {
      graph.setQuantization(map, of: output)
    }
    return output
  }

  func copy(of tensor: Graph.TensorID, name: String) throws(ONNXImportError) -> Graph.TensorID {
    do { return try graph.add(Activate(.none), name: name, inputs: [tensor]) } catch {
      throw ONNXImportError(.unsupported, "'\(name)' cannot be an output: \(error.reason.reason)")
    }
  }

  /// float32 to int8 with a map of the file.
  func appendQuantize(_ input: Graph.TensorID, _ map: Quantization, name: String) throws(CompileError) -> Graph.TensorID {
    try graph.add(Quantize(), name: name, inputs: [input], quantization: map)
  }

  /// Weights that the file stores as int8.
  func note(_ scales: [Float], of tensor: Graph.TensorID) { graph.setWeightScales(scales, of: tensor) }
}
