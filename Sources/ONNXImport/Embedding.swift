/// Which tensor of a model serves as the embedding of an image.
struct EmbeddingSearch {
  /// A tensor, and why it may be the wrong one.
  struct Choice: Equatable {
    var tensor: String
    var doubt: Doubt?
  }

  struct Doubt: Equatable {
    /// Continues "took 'x' [1, 10], ...".
    var reason: String
    /// What else may be meant.
    var candidates: [String]
  }

  let model: ONNXModel

  /// The tensor that `name` means: a tensor's name, or a node's, which stands for its first output.
  func tensor(named name: String) throws(ONNXImportError) -> String {
    if model.producers[name] != nil { return name }
    if let node = model.nodes.first(where: { $0.proto.name == name }), let output = node.outputs.first { return output }
    let outputs = model.outputs.map { "'\($0.name)'" }.joined(separator: ", ")
    throw ONNXImportError(.wrongOption, "no tensor or node of the model is called '\(name)'; its outputs are \(outputs)")
  }

  /// The tensor that the final classifier reads, or where there is none, the first output.
  ///
  /// The classifier is the Gemm, the MatMul with constant weights, or the 1x1 convolution behind a global pooling from which an
  /// output follows by nothing but what is done with the scores of classes (`ClassifierTail`). Several such layers that read
  /// one tensor are one classifier. If the model puts its input out, under another shape or not, that output is taken.
  func automatic() throws(ONNXImportError) -> Choice {
    for output in model.outputs {
      let tail = ClassifierTail(of: output.name, in: model)
      guard tail.isWhole, let first = tail.features.first, model.producers[first] != nil else { continue }
      let found = model.outputs.first { model.behindShapeChanges($0.name) == model.behindShapeChanges(first) }?.name ?? first
      let others = tail.features.dropFirst()
      guard others.isEmpty else {
        return Choice(
          tensor: found,
          doubt: Doubt(reason: "what the first of \(tail.features.count) classifiers reads", candidates: Array(others)))
      }
      return Choice(tensor: found)
    }
    guard let first = model.outputs.first else { throw ONNXImportError(.malformed, "the ONNX graph has no output") }
    let tensor = beforeClassNumbers(first.name)
    let tail = ClassifierTail(of: first.name, in: model)
    let layers = tail.layersReached.filter { model.producers[$0] != nil && $0 != tensor }
    guard tail.scoresClasses || tail.endsInDense, !layers.isEmpty else { return Choice(tensor: tensor) }
    return Choice(
      tensor: tensor,
      doubt: Doubt(reason: "which may be the scores of classes rather than what they are computed from", candidates: layers))
  }

  /// The scores from which the number of a class is taken, or the tensor itself.
  private func beforeClassNumbers(_ tensor: String) -> String {
    var current = tensor
    var result = tensor
    while let index = model.producers[current], model.nodes[index].hasInput(0) {
      let node = model.nodes[index]
      let isNumber = ClassifierTail.classNumbers.contains(node.operatorName)
      guard isNumber || ONNXModel.shapeOnly.contains(node.operatorName) else { break }
      current = node.inputs[0]
      if isNumber { result = current }
    }
    return result
  }
}

extension ONNXModel {
  static let shapeOnly: Set<String> = [
    "Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Cast", "Transpose", "Expand", "QuantizeLinear",
    "DequantizeLinear",
  ]

  func producer(_ tensor: String) -> Node? { producers[tensor].map { nodes[$0] } }

  /// The tensor with the same values, quantized or not, that no such operator has computed.
  func behindShapeChanges(_ tensor: String) -> String {
    var current = tensor
    while let node = producer(current), ONNXModel.shapeOnly.contains(node.operatorName), node.hasInput(0) {
      current = node.inputs[0]
    }
    return current
  }
}
