import ModelCompiler
import TinyNN

/// What there is to say about the network in a .tnn file.
struct ModelSummary {
  struct Layer {
    let name: String
    let operatorName: String
    /// Window, step, activation and the like, in short.
    let detail: String
    let inputShapes: [Shape]
    let output: TensorType
    let multiplyAdds: Int
    let weightByteCount: Int
  }

  let model: Model
  let plan: InferencePlan
  let layers: [Layer]

  init(_ model: Model, threads: Int = 1) throws(ModelError) {
    self.model = model
    plan = try InferencePlan(for: model, threads: threads)
    var layers: [Layer] = []
    for index in 0..<model.operatorCount { layers.append(try Layer(model, operator: index)) }
    self.layers = layers
  }

  /// Operators by name, in the order in which they first run.
  var operatorCounts: [(name: String, count: Int)] {
    var counts: [(name: String, count: Int)] = []
    for layer in layers {
      if let known = counts.firstIndex(where: { $0.name == layer.operatorName }) {
        counts[known].count += 1
      } else {
        counts.append((layer.operatorName, 1))
      }
    }
    return counts
  }

  /// Elements of the constants, each counted once.
  var parameterCount: Int {
    (0..<model.tensorCount).map(model.tensor).reduce(0) { $0 + ($1.storage == .constant ? $1.type.shape.count : 0) }
  }

  var multiplyAdds: Int { layers.reduce(0) { $0 + $1.multiplyAdds } }

  /// The largest number of bytes in use at one step: no plan can be smaller.
  var activationLowerBound: Int {
    let tensors = arenaTensors
    return (0...model.operatorCount).reduce(0) { bound, step in
      max(bound, occupiedByteCount(tensors.filter { $0.place.first <= step && step <= $0.place.last }))
    }
  }

  /// The smallest arena that any plan could have with this scratch memory.
  var arenaLowerBound: Int { activationLowerBound + plan.scratchByteCount }

  struct ArenaTensor {
    let index: Int
    let record: TensorRecord
    let place: Placement
  }

  var arenaTensors: [ArenaTensor] {
    (0..<model.tensorCount).compactMap { index in
      let record = model.tensor(index)
      return record.storage == .arena ? ArenaTensor(index: index, record: record, place: model.placement(index)) : nil
    }
  }

  /// Bytes that living tensors cover; those that share memory in place count once.
  private func occupiedByteCount(_ tensors: [ArenaTensor]) -> Int {
    var sum = 0, end = 0
    for tensor in tensors.sorted(by: { $0.place.offset < $1.place.offset }) {
      let last = tensor.place.offset + Format.aligned(tensor.record.byteCount)
      sum += max(0, last - max(end, tensor.place.offset))
      end = max(end, last)
    }
    return sum
  }
}

extension ModelSummary.Layer {
  fileprivate init(_ model: Model, operator index: Int) throws(ModelError) {
    let record = model.operatorRecord(index)
    (operatorName, detail) = try model.ask(record, OperatorDescription())
    name = model.name(at: record.nameOffset).string
    let inputs = (0..<record.inputCount).compactMap { model.operand(record, $0) }.map(model.tensor)
    inputShapes = inputs.filter { $0.storage == .arena }.map(\.type.shape)
    weightByteCount = inputs.reduce(0) { $0 + ($1.storage == .constant ? $1.byteCount : 0) }
    // The check of the file has proved that every operator has an output.
    output = model.tensor(model.operand(record, record.inputCount)!).type
    multiplyAdds = model.multiplyAdds(ofOperator: index)
  }
}

private struct OperatorDescription: OperatorQuestion {
  func answer<O: Operator>(_ operation: O) -> (name: String, detail: String) {
    ("\(O.name)", detail(operation).filter { !$0.isEmpty }.joined(separator: " "))
  }

  private func detail(_ operation: any Operator) -> [String] {
    switch operation {
    case let it as Convolution: [text(it.window), it.groups > 1 ? "groups \(it.groups)" : "", text(it.activation)]
    case let it as DepthwiseConvolution: [text(it.window), text(it.activation)]
    case let it as Dense: [text(it.activation)]
    case let it as Activate: [text(it.activation)]
    case let it as Binary: ["\(it.function)", text(it.activation)]
    case let it as Pool: ["\(it.function)", text(it.window)]
    case let it as Concatenate: ["axis \(it.axis)"]
    case let it as Softmax: ["axis \(it.axis)"]
    case let it as Slice: ["axis \(it.axis) from \(it.start)" + (it.step == 1 ? "" : " step \(it.step)")]
    case let it as Transpose: ["(\((0..<it.permutation.rank).map { String(it.permutation[$0]) }.joined(separator: " ")))"]
    default: []
    }
  }

  private func text(_ window: Window) -> String {
    var text = "\(window.height)x\(window.width)"
    if window.strideY > 1 || window.strideX > 1 {
      text += window.strideY == window.strideX ? "/\(window.strideY)" : "/\(window.strideY)x\(window.strideX)"
    }
    if window.dilationY > 1 || window.dilationX > 1 { text += " dilation \(window.dilationY)x\(window.dilationX)" }
    return text
  }

  private func text(_ activation: Activation) -> String {
    switch activation {
    case .none: ""
    case .relu: "relu"
    case .relu6: "relu6"
    default: "\(activation.function)"
    }
  }
}
