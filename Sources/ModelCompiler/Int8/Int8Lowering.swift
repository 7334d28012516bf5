import TinyNN

/// Writes a float32 graph anew with int8 operators, given a map for every tensor.
package struct Int8Lowering {
  /// A float32 graph, prepared.
  package let source: Graph
  /// Of computed tensors and the input.
  package let maps: [Graph.TensorID: Quantization]
  /// Names of nodes that stay float32.
  package var floatNodes: Set<String>
  /// Added to the real bias of a node, by its index.
  package var biasCorrections: [Int: [Double]] = [:]
  /// Weights to take in place of the nearest ones, by the node's index.
  package var roundedWeights: [Int: WeightQuantization] = [:]

  package init(source: Graph, maps: [Graph.TensorID: Quantization], floatNodes: Set<String>) {
    self.source = source
    self.maps = maps
    self.floatNodes = floatNodes
  }

  /// The result, and which of its tensors holds what a tensor of the source holds.
  package struct Result {
    package fileprivate(set) var graph = Graph()
    package fileprivate(set) var int8: [Graph.TensorID: Graph.TensorID] = [:]
    package fileprivate(set) var float32: [Graph.TensorID: Graph.TensorID] = [:]
    /// Indices of source nodes that run on int8 inputs.
    package fileprivate(set) var int8Nodes: [Int] = []
    /// What each of them gives on quantized float32 inputs, where the lowering was isolated.
    package fileprivate(set) var isolated: [Int: Graph.TensorID] = [:]

    /// The tensor of the result, int8 where there is one.
    package func tensor(_ source: Graph.TensorID) -> Graph.TensorID? { int8[source] ?? float32[source] }
  }

  /// - Parameter isolated: runs every node in float32 too, and gives the int8 nodes float32 inputs, quantized: what each
  ///   of them loses on its own.
  package func lowered(isolated: Bool = false) throws -> Result {
    var result = Result()
    for input in source.inputs { result.float32[input] = result.graph.addInput(source.tensors[input].name, source.type(input)) }
    // In networks with layer normalisation (transformers) sums stay float32: rounding the residual stream to int8 at every block,
    // with one scale for all channels, costs more than all products together.
    let keepsSums = source.nodes.contains(where: source.needsFineSums)
    for (index, node) in source.nodes.enumerated() {
      let output = node.outputs[0]
      let isInt8 = try !floatNodes.contains(node.name) && addInt8(node, index, keepsSums, &result)
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

  // MARK: Operands

  private func float32(_ tensor: Graph.TensorID, _ result: inout Result) throws -> Graph.TensorID {
    if let known = result.float32[tensor] { return known }
    let original = source.tensors[tensor]
    let made: Graph.TensorID
    if original.constant != nil {
      made = result.graph.addTensor(original.name, original.type, constant: original.constant)
    } else {
      made = try result.graph.add(Dequantize(), name: original.name + ".dequantized", inputs: [result.int8[tensor]!])
      result.graph.rename(made, to: original.name)
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
  private func addInt8(_ node: Graph.Node, _ index: Int, _ keepsSums: Bool, _ result: inout Result) throws -> Bool {
    let computed = node.inputs.filter { !source.isConstant($0) }
    let isFollowing = computed.count == node.inputs.count && computed.allSatisfy { result.int8[$0] != nil }
    switch source.int8Form(of: node) {
    case nil: return false
    case .weighted: return try addWeighted(node, index, &result)
    case .arithmetic:
      guard !keepsSums, computed.contains(where: { result.int8[$0] != nil }) else { return false }
      try finish(node, node.inputs.map { try int8($0, &result) }, &result)
    case .following:
      guard isFollowing else { return false }
      try finish(node, node.inputs.map { try int8($0, &result) }, &result)
    case .followingToFloat32:
      guard isFollowing else { return false }
      try finish(node, node.inputs.map { try int8($0, &result) }, &result, isFloat32: true)
    }
    return true
  }

  /// Appends the node's operator on these inputs.
  private func finish(
    _ node: Graph.Node, _ inputs: [Graph.TensorID], _ result: inout Result, isFloat32: Bool = false
  ) throws {
    let output = node.outputs[0]
    let made = try result.graph.add(node, inputs: inputs)
    result.graph.rename(made, to: source.tensors[output].name)
    if isFloat32 {
      result.float32[output] = made
    } else {
      result.graph.setQuantization(maps[output]!, of: made)
      result.int8[output] = made
    }
  }

  private func addWeighted(_ node: Graph.Node, _ index: Int, _ result: inout Result) throws -> Bool {
    guard let weights = source.floats(node.inputs[1]), let bias = source.floats(node.inputs[2]),
      let layout = source.weightLayout(of: node)
    else { return false }
    let input = try int8(node.inputs[0], &result)
    let shape = source.shape(node.inputs[1]), channels = layout.channels
    let from = maps[node.inputs[0]]!, to = maps[node.outputs[0]]!
    let real = bias.enumerated().map { Double($1) + (biasCorrections[index]?[$0] ?? 0) }
    let quantized = roundedWeights[index] ?? WeightQuantization(weights, layout, bias: real, inputScale: from.scale)
    var sums = [Int](repeating: 0, count: channels)
    if layout.foldsZeroPoint { for (i, q) in quantized.values.enumerated() { sums[layout.channel(ofElement: i)] += Int(q) } }
    let integers = (0..<channels).map { channel in
      let steps = (real[channel] / (Double(from.scale) * Double(quantized.scales[channel]))).rounded(.toNearestOrEven)
      return Int32(clamping: Int(max(-1e15, min(1e15, steps))) - Int(from.zeroPoint) * sums[channel])
    }
    let multipliers = quantized.scales.map { Float(Double(from.scale) * Double($0) / Double(to.scale)) }
    let inputs = [
      input, result.graph.addConstant("", shape, int8: quantized.values),
      result.graph.addConstant("", Shape(channels), int32: integers), result.graph.addConstant("", Shape(channels), multipliers),
    ]
    try finish(node, inputs, &result)
    return true
  }
}
