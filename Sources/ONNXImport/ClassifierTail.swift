/// What stands between the last layers with weights and an output: nothing but what is done with the scores of classes, if it
/// is a classifier's.
struct ClassifierTail {
  /// True if every way back from the output ends at a classifier, none of which reads what another has computed.
  private(set) var isWhole = true
  /// What the classifiers read, each tensor once.
  private(set) var features: [String] = []
  /// True if something on the way is only done with classes: Softmax, Sigmoid, ArgMax and the like.
  private(set) var scoresClasses = false
  /// What the nearest layers with weights read, whatever stands behind them.
  private(set) var layersReached: [String] = []
  /// True if one of these is dense, and only an activation or normalisation stands behind it.
  private(set) var endsInDense = false

  static let classNumbers: Set<String> = ["ArgMax", "ArgMin", "TopK", "OneHot"]
  private static let probabilities: Set<String> = ["Softmax", "LogSoftmax", "Sigmoid", "Hardmax"]
  /// Scales, parts, sums and comparisons of scores; a softmax that is written out.
  private static let first: Set<String> = ONNXModel.shapeOnly.union([
    "Slice", "Split", "Gather", "Tile", "Neg", "Exp", "Log", "Reciprocal", "ReduceSum", "ReduceMax", "ReduceMean",
    "ReduceLogSumExp", "Pad",
  ])
  private static let all: Set<String> = [
    "Where", "Add", "Sub", "Sum", "Mean", "Concat", "Greater", "Less", "GreaterOrEqual", "LessOrEqual",
  ]
  private static let pooling: Set<String> = [
    "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "AveragePool", "ReduceMean", "ReduceMax",
  ]
  private static let activations: Set<String> = [
    "Relu", "Clip", "HardSwish", "Sigmoid", "LeakyRelu", "PRelu", "Tanh", "Gelu", "BatchNormalization", "Elu", "Selu", "Swish",
    "Mul",
    "LayerNormalization", "LpNormalization", "Softplus", "HardSigmoid", "Softsign", "Mish",
  ]

  private let model: ONNXModel

  private enum Step {
    case through([String])
    case classifier(features: String)
    case end
  }

  init(of output: String, in model: ONNXModel) {
    self.model = model
    var pending = [output], seen: Set<String> = [output]
    var classifiers: [Int] = []
    var next = 0
    while next < pending.count {
      let tensor = pending[next]
      next += 1
      guard let index = model.producers[tensor] else {
        isWhole = isWhole && model.isConstant(tensor)
        continue
      }
      let node = model.nodes[index]
      scoresClasses =
        scoresClasses || ClassifierTail.classNumbers.contains(node.operatorName)
        || ClassifierTail.probabilities.contains(node.operatorName)
      switch step(node) {
      case .through(let tensors): for input in tensors where seen.insert(input).inserted { pending.append(input) }
      case .classifier(let read): if !classifiers.contains(index) { classifiers.append(index); note(read) }
      case .end:
        isWhole = false
        reachLayer(from: tensor)
      }
    }
    layersReached += features
    let dependent = Set(model.nodesNeeded(for: features))
    if features.isEmpty || classifiers.contains(where: dependent.contains) { isWhole = false }
  }

  /// Keeps what a classifier reads, unless it is known under another shape.
  private mutating func note(_ tensor: String) {
    let origin = model.behindShapeChanges(tensor)
    if !features.contains(where: { model.behindShapeChanges($0) == origin }) { features.append(tensor) }
  }

  private func step(_ node: Node) -> Step {
    guard node.hasInput(0) else { return .end }
    let name = node.operatorName
    let computed = node.inputs.filter { !$0.isEmpty && !model.isConstant($0) }
    if let features = features(readBy: node) {
      return mixesScores(node, features) ? .through([features]) : .classifier(features: features)
    }
    if ClassifierTail.first.contains(name) || ClassifierTail.probabilities.contains(name)
      || ClassifierTail.classNumbers.contains(name)
    {
      return .through([node.inputs[0]])
    }
    if ClassifierTail.all.contains(name) { return .through(computed) }
    switch name {
    case "Mul":
      // A product of two computed tensors is a gate, not a scale.
      return computed.count == 1 || computed.contains(where: { isComputed($0, by: "Reciprocal") }) ? .through(computed) : .end
    case "Div": return computed.count == 1 || isComputed(node.inputs[1], by: "ReduceSum") ? .through(computed) : .end
    // Bounds that let negative scores through; those of activations start at 0.
    case "Clip": return bound(node, 1, "min") < 0 || isProbability(node.inputs[0]) ? .through([node.inputs[0]]) : .end
    // Probabilities that are made sharper or flatter.
    case "Pow", "Sqrt": return isProbability(node.inputs[0]) ? .through([node.inputs[0]]) : .end
    case "Min": return .through(computed)
    case "Max":
      let low = node.inputs.compactMap { model.constantValue($0)?.floats.max() }.max() ?? 0
      return low < 0 || computed.count > 1 || isProbability(computed.first ?? "") ? .through(computed) : .end
    default: return .end
    }
  }

  /// What a classifier's layer reads, or nil for other nodes.
  private func features(readBy node: Node) -> String? {
    switch node.operatorName {
    case "Gemm", "MatMul", "Einsum":
      guard node.inputs.count >= 2 else { return nil }
      let constants = node.inputs.prefix(2).map(model.isConstant)
      guard constants[0] != constants[1] else { return nil }
      return node.inputs[constants[0] ? 1 : 0]
    case "Conv": return isPointwise(node) && isPooled(node.inputs[0]) ? node.inputs[0] : nil
    default: return nil
    }
  }

  /// True for a layer that only mixes the scores of classes: of probabilities, or as many scores as it reads, of a dense layer
  /// whose result nothing else reads, as the sum of a residual layer would.
  private func mixesScores(_ node: Node, _ features: String) -> Bool {
    if node.operatorName == "Conv" || node.operatorName == "Einsum" { return false }
    var tensor = model.behindShapeChanges(features)
    if ["Softmax", "LogSoftmax"].contains(model.producer(tensor)?.operatorName) { return true }
    guard let weights = node.inputs.first(where: model.isConstant), let shape = model.shapeOfConstant(weights), shape.count == 2,
      shape[0] == shape[1], model.nodes.count(where: { $0.inputs.contains(features) }) == 1
    else { return false }
    if let sum = model.producer(tensor), sum.operatorName == "Add",
      let place = sum.inputs.firstIndex(where: { !model.isConstant($0) }),
      sum.inputs.contains(where: model.isConstant)
    {
      tensor = model.behindShapeChanges(sum.inputs[place])
    }
    return ["Gemm", "MatMul"].contains(model.producer(tensor)?.operatorName)
  }

  private func isComputed(_ tensor: String, by name: String) -> Bool {
    model.producer(model.behindShapeChanges(tensor))?.operatorName == name
  }

  private func isProbability(_ tensor: String) -> Bool {
    let name = model.producer(model.behindShapeChanges(tensor))?.operatorName ?? ""
    return ClassifierTail.probabilities.contains(name) || name == "Div"
  }

  private func bound(_ node: Node, _ index: Int, _ attribute: String) -> Float {
    if node.hasInput(index) { return model.constantValue(node.inputs[index])?.floats.first ?? 0 }
    return (try? node.float(attribute)) ?? -.infinity
  }

  private func isPointwise(_ node: Node) -> Bool {
    guard node.hasInput(1), let shape = model.shapeOfConstant(node.inputs[1]), shape.count >= 3 else { return false }
    return shape[2...].allSatisfy { $0 == 1 }
  }

  /// True if the tensor is a pooled vector, perhaps after activations and further 1x1 convolutions.
  private func isPooled(_ tensor: String, depth: Int = 0) -> Bool {
    var current = tensor
    while let node = model.producer(current), node.hasInput(0) {
      let name = node.operatorName
      if ClassifierTail.pooling.contains(name) { return true }
      // A gate is of pooled values only if both of its sides are.
      let computed = node.inputs.filter { !$0.isEmpty && !model.isConstant($0) }
      if name == "Mul", computed.count > 1 { return depth < 8 && computed.allSatisfy { isPooled($0, depth: depth + 1) } }
      let passes = ONNXModel.shapeOnly.contains(name) || ClassifierTail.activations.contains(name)
      guard passes || (name == "Conv" && isPointwise(node)) else { return false }
      current = computed.first ?? ""
    }
    return false
  }

  /// Looks for the nearest layer with weights behind what ended the tail.
  private mutating func reachLayer(from tensor: String) {
    var current = tensor, isActivated = true
    for _ in 0..<16 {
      guard let node = model.producer(current), node.hasInput(0) else { return }
      let read = features(readBy: node)
      if read != nil || node.operatorName == "Conv" {
        endsInDense = endsInDense || (isActivated && read != nil)
        let input = read ?? node.inputs[0]
        if !layersReached.contains(input) { layersReached.append(input) }
        return
      }
      let name = node.operatorName
      isActivated =
        isActivated && (ONNXModel.shapeOnly.contains(name) || ClassifierTail.activations.contains(name) || name == "Add")
      guard let next = node.inputs.first(where: { !$0.isEmpty && !model.isConstant($0) }) else { return }
      current = next
    }
  }
}
