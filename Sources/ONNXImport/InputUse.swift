/// The pixels that a network takes.
public enum ExpectedPixels: Equatable, Sendable {
  /// Values from 0 to 255: the network scales them itself.
  case bytes
  /// Values from 0 to 1: the network subtracts a mean of that scale, or divides by such a deviation.
  case unit
  /// Nothing before the first layer scales the pixels: whoever trained the network normalised them outside.
  case normalizedOutside
}

/// What a network does with an input before its first layer with weights.
struct InputUse {
  /// The layout that the first Transpose changes, if one comes before the first convolution.
  private(set) var permutation: [Int]?
  /// The channels that the first convolution reads, where the way there does not change them.
  private(set) var channelCount: Int?
  private(set) var reachesConvolution = false
  private(set) var expectedPixels = ExpectedPixels.normalizedOutside

  private static let passing: Set<String> = [
    "Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Pad", "Resize", "Upsample", "Dropout", "DequantizeLinear", "Slice",
    "Gather",
    "Clip",
  ]
  /// Deviations of pixels from 0 to 255 are above ten, those of pixels from 0 to 1 below one.
  private static let largestByteScale: Float = 0.1
  private static let largestUnitShift: Float = 2

  init(of input: String, in model: ONNXModel) {
    var tensor = input
    // x stands for scale times x plus shift, on average over the channels.
    var scale: Float = 1, shift: Float = 0
    var isScaled = false, changesChannels = false
    walk: for _ in 0..<64 {
      let readers = model.nodes.filter { $0.inputs.contains(tensor) && !["Shape", "Size"].contains($0.operatorName) }
      guard let node = readers.first, let output = node.outputs.first else { break }
      switch node.operatorName {
      case "Conv" where node.inputs.first == tensor:
        reachesConvolution = true
        if !changesChannels, let weights = model.shapeOfConstant(node.inputs[1]), weights.count >= 2 {
          channelCount = weights[1] * ((try? node.int("group", default: 1)) ?? 1)
        }
        break walk
      case "Transpose":
        if permutation == nil { permutation = try? node.ints("perm") }
      case "QuantizeLinear":
        guard let step = mean(model, node, 1) else { break walk }
        // What the numbers of the type reach, before anything scales them.
        if !isScaled, step * 255 > 32 { (scale, isScaled) = (0, true) }
      case "Sub", "Add", "Mul", "Div":
        guard let place = node.inputs.firstIndex(where: { $0 != tensor }), let value = mean(model, node, place) else { break walk }
        isScaled = true
        switch node.operatorName {
        case "Sub": (scale, shift) = place == 1 ? (scale, shift - value) : (-scale, value - shift)
        case "Add": shift += value
        case "Mul": (scale, shift) = (scale * value, shift * value)
        default: (scale, shift) = (scale / value, shift / value)
        }
      case "BatchNormalization":
        guard let gain = mean(model, node, 1), let bias = mean(model, node, 2), let average = mean(model, node, 3),
          let variance = mean(model, node, 4)
        else { break walk }
        isScaled = true
        let factor = gain / (variance + 1e-5).squareRoot()
        (scale, shift) = (scale * factor, (shift - average) * factor + bias)
      case let name where InputUse.passing.contains(name):
        if ["Reshape", "Slice", "Gather"].contains(name) { changesChannels = true }
      default: break walk
      }
      tensor = output
    }
    guard isScaled else { return }
    if abs(scale) <= InputUse.largestByteScale || abs(shift) > InputUse.largestUnitShift * abs(scale) {
      expectedPixels = .bytes
    } else if abs(scale) > 1.5 || shift != 0 {
      expectedPixels = .unit
    }
  }

  /// The mean of a constant operand.
  private func mean(_ model: ONNXModel, _ node: Node, _ index: Int) -> Float? {
    guard node.hasInput(index), let values = model.constantValue(node.inputs[index])?.floats, !values.isEmpty else { return nil }
    return values.reduce(0, +) / Float(values.count)
  }
}

extension ONNXModel {
  /// A stored tensor, also behind Constant, Identity, Cast and DequantizeLinear; of the last two its unscaled values.
  private func stored(behind tensor: String) -> Onnx_TensorProto? {
    var name = tensor
    for _ in 0..<8 {
      if let found = initializers[name] { return found }
      guard let index = producers[name] else { return nil }
      let node = nodes[index]
      switch node.operatorName {
      case "Constant": return node.proto.attribute.first { $0.name == "value" && $0.hasT }?.t
      case "Identity", "Cast", "DequantizeLinear", "QuantizeLinear": name = node.inputs.first ?? ""
      default: return nil
      }
    }
    return nil
  }

  /// The dimensions of weights that are stored, quantized or not.
  func shapeOfConstant(_ tensor: String) -> [Int]? { stored(behind: tensor)?.dims.map { Int(clamping: $0) } }

  /// The value of a small stored tensor; nil for weights that are quantized.
  func constantValue(_ tensor: String) -> HostTensor? {
    if let index = producers[tensor] {
      let node = nodes[index]
      if node.operatorName == "DequantizeLinear" { return nil }
      if node.operatorName == "Constant" { return try? node.constantValue() }
    }
    guard let proto = stored(behind: tensor), proto.dims.reduce(1.0, { $0 * Double($1) }) <= 4096 else { return nil }
    return try? TensorDecoding(proto, label: tensor).decoded()
  }
}
