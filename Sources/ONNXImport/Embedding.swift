/// Which tensor of a model serves as the embedding of an image.
struct EmbeddingSearch {
  let model: ONNXModel

  private static let shapeOnly: Set<String> = ["Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Cast"]
  private static let normalizing: Set<String> = ["Softmax", "LogSoftmax", "Sigmoid"]
  private static let pooling: Set<String> = ["GlobalAveragePool", "GlobalMaxPool", "AveragePool", "ReduceMean"]

  /// The tensor that `name` means: a tensor's name, or a node's, which stands for its first output.
  func tensor(named name: String) throws(ONNXImportError) -> String {
    if model.producers[name] != nil { return name }
    if let node = model.nodes.first(where: { $0.proto.name == name }), let output = node.outputs.first { return output }
    let outputs = model.outputs.map { "'\($0.name)'" }.joined(separator: ", ")
    throw ONNXImportError(.wrongOption, "no tensor or node of the model is called '\(name)'; its outputs are \(outputs)")
  }

  /// The tensor that the final classifier reads, or where there is none, the first output.
  ///
  /// The classifier is the Gemm, the MatMul with constant weights, or the 1x1 convolution behind a global pooling from
  /// which an output follows by nothing but a bias, Softmax and changes of shape. If the model puts its input out, under
  /// another shape or not, that output is taken.
  func automatic() throws(ONNXImportError) -> String {
    for output in model.outputs {
      guard let found = classifierInput(behind: output.name), model.producers[found] != nil else { continue }
      return model.outputs.first { behindShapeChanges($0.name) == behindShapeChanges(found) }?.name ?? found
    }
    guard let first = model.outputs.first else { throw ONNXImportError(.malformed, "the ONNX graph has no output") }
    return first.name
  }

  private func producer(_ tensor: String) -> Node? { model.producers[tensor].map { model.nodes[$0] } }

  private func behindShapeChanges(_ tensor: String) -> String {
    var current = tensor
    while let node = producer(current), EmbeddingSearch.shapeOnly.contains(node.operatorName), node.hasInput(0) {
      current = node.inputs[0]
    }
    return current
  }

  private func classifierInput(behind output: String) -> String? {
    var tensor = output
    while let node = producer(tensor), node.hasInput(0) {
      let name = node.operatorName
      if EmbeddingSearch.shapeOnly.contains(name) || EmbeddingSearch.normalizing.contains(name) {
        tensor = node.inputs[0]
      } else if name == "Add", node.inputs.count == 2, let bias = node.inputs.firstIndex(where: model.isConstant) {
        tensor = node.inputs[1 - bias]
      } else if name == "Gemm" || name == "MatMul", node.hasInput(1), model.isConstant(node.inputs[1]) {
        return model.isConstant(node.inputs[0]) ? nil : node.inputs[0]
      } else if name == "Conv", isPointwise(node), isPooled(node.inputs[0]) {
        return node.inputs[0]
      } else {
        return nil
      }
    }
    return nil
  }

  private func isPointwise(_ node: Node) -> Bool {
    guard node.hasInput(1), let weights = model.initializers[node.inputs[1]] else { return false }
    return weights.dims.count == 4 && weights.dims[2] == 1 && weights.dims[3] == 1
  }

  /// True if the tensor is a pooled vector, perhaps after activations and further 1x1 convolutions.
  private func isPooled(_ tensor: String) -> Bool {
    var current = tensor
    while let node = producer(current), node.hasInput(0) {
      let name = node.operatorName
      if EmbeddingSearch.pooling.contains(name) { return true }
      let isElementwise = ["Relu", "Clip", "HardSwish", "Sigmoid", "LeakyRelu", "BatchNormalization"].contains(name)
      guard EmbeddingSearch.shapeOnly.contains(name) || isElementwise || (name == "Conv" && isPointwise(node)) else { return false }
      current = node.inputs[0]
    }
    return false
  }
}
