import ModelCompiler
import TinyNN

/// Writes a float32 graph anew with int8 operators, given a map for every tensor.
struct Int8Lowering {
  /// A float32 graph, prepared.
  let source: Graph
  /// Of computed tensors and the input.
  let maps: [Graph.TensorID: Quantization]
  /// Names of nodes that stay float32.
  var floatNodes: Set<String>
  /// Added to the real bias of a node, by its index.
  var biasCorrections: [Int: [Double]] = [:]
  /// Weights to take in place of the nearest ones, by the node's index.
  var roundedWeights: [Int: WeightQuantization] = [:]

  /// The result, and which of its tensors holds what a tensor of the source holds.
  struct Result {
    var graph = Graph()
    fileprivate(set) var int8: [Graph.TensorID: Graph.TensorID] = [:]
    fileprivate(set) var float32: [Graph.TensorID: Graph.TensorID] = [:]
    /// Indices of source nodes that run on int8 inputs.
    fileprivate(set) var int8Nodes: [Int] = []
    /// What each of them gives on quantized float32 inputs, where the lowering was isolated.
    fileprivate(set) var isolated: [Int: Graph.TensorID] = [:]

    /// The tensor of the result, int8 where there is one.
    func tensor(_ source: Graph.TensorID) -> Graph.TensorID? { int8[source] ?? float32[source] }
  }

  /// - Parameter isolated: runs every node in float32 too, and gives the int8 nodes float32 inputs, quantized: what each
  ///   of them loses on its own.
  func lowered(isolated: Bool = false) throws -> Result {
    var result = Result()
    for input in source.inputs { result.float32[input] = result.graph.addInput(source.tensors[input].name, source.type(input)) }
    for (index, node) in source.nodes.enumerated() {
      let output = node.outputs[0]
      let isInt8 = try !floatNodes.contains(node.name) && !(keepsSums && node.kind == .binary) && addInt8(node, index, &result)
      if isInt8 { result.int8Nodes.append(index) }
      if isInt8 && isolated {
        result.isolated[index] = result.tensor(output)
        let wasInt8 = result.int8.removeValue(forKey: output) != nil
        try addFloat(node, &result)
        if wasInt8 { _ = try int8(output, &result) }
      } else if !isInt8 {
        try addFloat(node, &result)
      }
    }
    result.graph.outputs = try source.outputs.map { try float32($0, &result) }
    return result
  }

  /// In networks with layer normalisation (transformers) sums stay float32: rounding the residual stream to int8 at every block,
  /// with one scale for all channels, costs more than all products together.
  private var keepsSums: Bool { source.nodes.contains { $0.kind == .layerNormalization } }

  // MARK: Operands

  private func float32(_ tensor: Graph.TensorID, _ result: inout Result) throws -> Graph.TensorID {
    if let known = result.float32[tensor] { return known }
    let original = source.tensors[tensor]
    let made: Graph.TensorID
    if original.constant != nil {
      made = result.graph.addTensor(original.name, original.type, constant: original.constant)
    } else {
      made = try result.graph.add(Dequantize(), name: original.name + ".dequantized", inputs: [result.int8[tensor]!])
      result.graph.rename(made, original.name)
    }
    result.float32[tensor] = made
    return made
  }

  private func int8(_ tensor: Graph.TensorID, _ result: inout Result) throws -> Graph.TensorID {
    if let known = result.int8[tensor] { return known }
    let original = source.tensors[tensor]
    let made: Graph.TensorID
    if let values = source.floats(tensor) {
      let map = Quantization(minimum: values.min() ?? 0, maximum: values.max() ?? 0)
      made = result.graph.addConstant(original.name, original.type.shape, int8: values.map(map.quantize), quantization: map)
    } else {
      made = try result.graph.add(
        Quantize(), name: original.name + ".quantized", inputs: [result.float32[tensor]!], quantization: maps[tensor]!)
    }
    result.int8[tensor] = made
    return made
  }

  // MARK: Nodes

  private func addFloat(_ node: Graph.Node, _ result: inout Result) throws {
    var copy = node
    copy.inputs = try node.inputs.map { try float32($0, &result) }
    copy.outputs = node.outputs.map { output in
      let made = result.graph.addTensor(source.tensors[output].name, source.type(output))
      result.float32[output] = made
      return made
    }
    result.graph.nodes.append(copy)
  }

  /// Adds the node with an int8 input, unless it has no int8 form or would only be slowed down by one.
  private func addInt8(_ node: Graph.Node, _ index: Int, _ result: inout Result) throws -> Bool {
    if let it = node.decoded(Convolution.self) { return try addWeighted(it, node, index, &result) }
    if let it = node.decoded(DepthwiseConvolution.self) { return try addWeighted(it, node, index, &result) }
    if let it = node.decoded(Dense.self) { return try addWeighted(it, node, index, &result) }
    let computed = node.inputs.filter { !source.isConstant($0) }
    if let it = node.decoded(Binary.self) {
      guard it.function == .add || it.function == .multiply, computed.contains(where: { result.int8[$0] != nil }) else {
        return false
      }
      return try add(it, node, &result)
    }
    guard computed.count == node.inputs.count, computed.allSatisfy({ result.int8[$0] != nil }) else { return false }
    if let it = node.decoded(GlobalAveragePool.self) {
      let output = try result.graph.add(it, name: node.name, inputs: [result.int8[node.inputs[0]]!])
      result.graph.rename(output, source.tensors[node.outputs[0]].name)
      result.float32[node.outputs[0]] = output
      return true
    }
    if let it = node.decoded(Activate.self) { return try add(it, node, &result) }
    if let it = node.decoded(Pool.self), it.function != .sum { return try add(it, node, &result) }
    if let it = node.decoded(Concatenate.self) { return try add(it, node, &result) }
    if let it = node.decoded(Slice.self) { return try add(it, node, &result) }
    if let it = node.decoded(Reshape.self) { return try add(it, node, &result) }
    if let it = node.decoded(Transpose.self) { return try add(it, node, &result) }
    if let it = node.decoded(Pad.self) { return try add(it, node, &result) }
    return false
  }

  private func add(_ operation: some Operator, _ node: Graph.Node, _ result: inout Result) throws -> Bool {
    let inputs = try node.inputs.map { try int8($0, &result) }
    try finish(operation, node, inputs, &result)
    return true
  }

  private func finish(_ operation: some Operator, _ node: Graph.Node, _ inputs: [Graph.TensorID], _ result: inout Result) throws {
    let output = try result.graph.add(operation, name: node.name, inputs: inputs, quantization: maps[node.outputs[0]]!)
    result.graph.rename(output, source.tensors[node.outputs[0]].name)
    result.int8[node.outputs[0]] = output
  }

  private func addWeighted(_ operation: some Operator, _ node: Graph.Node, _ index: Int, _ result: inout Result) throws -> Bool {
    guard let weights = source.floats(node.inputs[1]), let bias = source.floats(node.inputs[2]),
      let axis = operation.weightChannelAxis
    else {
      return false
    }
    let input = try int8(node.inputs[0], &result)
    let shape = source.shape(node.inputs[1])
    let (channels, inner) = (shape[axis], shape.count(in: axis + 1..<shape.rank))
    let from = maps[node.inputs[0]]!, to = maps[node.outputs[0]]!
    let real = bias.enumerated().map { Double($1) + (biasCorrections[index]?[$0] ?? 0) }
    let quantized =
      roundedWeights[index] ?? WeightQuantization(weights, channels: channels, inner: inner, bias: real, inputScale: from.scale)
    // A depthwise convolution leaves the padding out, so its kernel subtracts the zero point itself.
    let foldsZeroPoint = operation.foldsInputZeroPoint
    var sums = [Int](repeating: 0, count: channels)
    if foldsZeroPoint { for (i, q) in quantized.values.enumerated() { sums[i / inner % channels] += Int(q) } }
    let integers = (0..<channels).map { channel in
      let steps = (real[channel] / (Double(from.scale) * Double(quantized.scales[channel]))).rounded(.toNearestOrEven)
      return Int32(clamping: Int(max(-1e15, min(1e15, steps))) - Int(from.zeroPoint) * sums[channel])
    }
    let multipliers = quantized.scales.map { Float(Double(from.scale) * Double($0) / Double(to.scale)) }
    let inputs = [
      input, result.graph.addConstant("", shape, int8: quantized.values),
      result.graph.addConstant("", Shape(channels), int32: integers), result.graph.addConstant("", Shape(channels), multipliers),
    ]
    try finish(operation, node, inputs, &result)
    return true
  }
}

extension Operator {
  /// True if the bias of the int8 form holds the input's zero point times the sum of the weights.
  var foldsInputZeroPoint: Bool { Self.kind != .depthwiseConvolution }
}
