import TinyNN

extension Graph {
  /// The int8 graph of a float32 one that says where to quantize: pairs of `Quantize` and `Dequantize` stand behind every tensor
  /// that shall be int8, as exporters write it (ONNX "QDQ"). Operators whose operands and result all have a map run in int8,
  /// the others stay float32.
  public func loweredFromQuantizedForm() throws -> Graph {
    var source = try preparedForQuantization()
    var maps = try source.collapseQuantizationPairs()
    source.makeNodeNamesUnique()
    // What moves elements has one map from end to end: a map that only one side has serves both.
    for node in source.nodes where source.preservesQuantization(node) {
      if let map = maps[node.inputs[0]], maps[node.outputs[0]] == nil { maps[node.outputs[0]] = map }
    }
    var lowering = Int8Lowering(source: source, maps: maps, floatNodes: [])
    for (index, node) in source.nodes.enumerated() {
      if !source.canRunInt8(node, maps) { lowering.floatNodes.insert(node.name) }
      guard let layout = source.weightLayout(of: node), let scales = source.tensors[node.inputs[1]].weightScales,
        let weights = source.floats(node.inputs[1]), scales.count == 1 || scales.count == layout.channels
      else { continue }
      lowering.roundedWeights[index] = WeightQuantization(
        weights, layout, scales: scales.count == 1 ? Array(repeating: scales[0], count: layout.channels) : scales
      ) { _, steps in steps.rounded(.toNearestOrEven) }
    }
    while true {
      do {
        var graph = try lowering.lowered().graph
        graph.quantizeInputs()
        graph.removeUnusedTensors()
        return graph
      } catch let error as CompileError where lowering.floatNodes.insert(error.node).inserted {
        // An operator without an int8 form for these operands stays float32.
      }
    }
  }

  /// Removes the pairs and returns the map of each tensor that one stood behind.
  private mutating func collapseQuantizationPairs() throws -> [TensorID: Quantization] {
    var maps: [TensorID: Quantization] = [:]
    let producers = producers()
    for index in nodes.indices where nodes[index].kind == .dequantize {
      guard let producer = producers[nodes[index].inputs[0]], nodes[producer].kind == .quantize,
        let map = tensors[nodes[producer].outputs[0]].quantization
      else { continue }
      let (real, rounded) = (nodes[producer].inputs[0], nodes[index].outputs[0])
      if isConstant(real) || outputs.contains(rounded) && inputs.contains(real) || maps[real] != nil && maps[real] != map {
        // A second map of the same tensor: a step of its own that changes the map.
        nodes[index] = try makeNode(Activate(.none), name: nodes[index].name, inputs: [real], output: rounded).0
        maps[rounded] = map
        continue
      }
      maps[real] = map
      rename(real, to: tensors[rounded].name)
      replaceUses(of: rounded, with: real)
    }
    removeDeadNodes()
    return maps
  }

  private mutating func makeNodeNamesUnique() {
    var seen: Set<String> = []
    for index in nodes.indices where !seen.insert(nodes[index].name).inserted {
      nodes[index].name += ".\(index)"
      seen.insert(nodes[index].name)
    }
  }

  private func canRunInt8(_ node: Node, _ maps: [TensorID: Quantization]) -> Bool {
    let computed = node.inputs.filter { !isConstant($0) }
    guard computed.allSatisfy({ maps[$0] != nil }) else { return false }
    if int8Form(of: node) == .followingToFloat32 { return true }
    guard let map = maps[node.outputs[0]] else { return false }
    return !preservesQuantization(node) || computed.allSatisfy { maps[$0] == map }
  }
}
