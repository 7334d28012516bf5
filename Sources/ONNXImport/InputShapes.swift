/// An input of the model whose dimensions are all known.
struct FixedInput {
  var name: String
  /// In the order of the ONNX file.
  var shape: [Int]
  /// True for an image of type uint8, whose values are the bytes of a photo.
  var isByte: Bool
  /// True for [N, C, H, W], false for other ranks and for images that the file itself takes as [N, H, W, C].
  var isNCHW: Bool
}

extension ONNXModel {
  static let largestExtent = 1 << 20

  /// The inputs that the outputs depend on. An open first dimension (the batch) becomes 1, open heights and widths become
  /// `size`, and the channels of an image what the first convolution reads; other open dimensions are refused.
  func inputShapes(_ size: Int?, _ needed: [Int], _ outputs: [String]) throws(ONNXImportError) -> [FixedInput] {
    if let size, !(1...32768 ~= size) { throw ONNXImportError(.wrongOption, "an input size of \(size) is out of range") }
    let read = Set(needed.flatMap { nodes[$0].inputs } + outputs)
    var result: [FixedInput] = []
    for input in inputs where read.contains(input.name) {
      let isImage = input.dimensions?.count == 4
      guard input.isFloat || (input.isByte && isImage) else {
        throw ONNXImportError(
          .unsupported, "the input '\(input.name)' is neither of type float nor an image of uint8; export the model in float32")
      }
      guard let dimensions = input.dimensions else {
        throw ONNXImportError(.unsupported, "the file states no shape for the input '\(input.name)'; export it with one")
      }
      let use = InputUse(of: input.name, in: self)
      let isNCHW = isImage && !isChannelsLast(dimensions, use)
      let spatial = isImage ? (isNCHW ? 2..<4 : 1..<3) : 0..<0
      let channels = isImage ? use.channelCount.map { (axis: isNCHW ? 1 : 3, count: $0) } : nil
      let shape = try fixed(dimensions, spatial, channels, size, input.name)
      result.append(FixedInput(name: input.name, shape: shape, isByte: input.isByte, isNCHW: isNCHW))
    }
    guard !result.isEmpty else {
      throw ONNXImportError(.unsupported, "'\(outputs.joined(separator: ", "))' does not depend on any input of the model")
    }
    return result
  }

  private func fixed(
    _ dimensions: [Interface.Dimension], _ spatial: Range<Int>, _ channels: (axis: Int, count: Int)?, _ size: Int?, _ name: String
  ) throws(ONNXImportError) -> [Int] {
    var shape: [Int] = []
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .fixed(let extent):
        if spatial.contains(axis), let size, size != extent {
          throw ONNXImportError(
            .wrongOption,
            "the input '\(name)' is fixed at \(describe(dimensions)) in the file: an input size of \(size) does not fit")
        }
        shape.append(extent)
      case .dynamic where axis == 0: shape.append(1)
      case .dynamic where axis == channels?.axis: shape.append(channels?.count ?? 0)
      case .dynamic where spatial.contains(axis):
        guard let size else {
          throw ONNXImportError(
            .wrongOption,
            "the input '\(name)' has the open shape \(describe(dimensions)): give its height and width with --input-size N")
        }
        shape.append(size)
      case .dynamic:
        throw ONNXImportError(
          .unsupported, "dimension \(axis) of the input '\(name)' is open: \(describe(dimensions)); export it with a fixed one")
      }
    }
    let count = shape.reduce(1.0) { $0 * Double($1) }
    guard shape.count <= 6, shape.allSatisfy({ 1...ONNXModel.largestExtent ~= $0 }), count < 0x1p31 else {
      throw ONNXImportError(.unsupported, "the input '\(name)' has the shape \(shape), which is too large")
    }
    return shape
  }

  /// What the network does with the input decides, and where that says nothing, which dimension counts channels.
  private func isChannelsLast(_ dimensions: [Interface.Dimension], _ use: InputUse) -> Bool {
    func isChannelCount(_ dimension: Interface.Dimension) -> Bool { [.fixed(1), .fixed(3)].contains(dimension) }
    let mayBeLast = isChannelCount(dimensions[3]) || dimensions[3] == .fixed(4) || !isFixed(dimensions[3])
    if let permutation = use.permutation { return permutation == [0, 3, 1, 2] && mayBeLast }
    if use.reachesConvolution { return false }
    return isChannelCount(dimensions[3]) && !isChannelCount(dimensions[1])
      && (dimensions[1] == dimensions[2] || !isFixed(dimensions[1]))
  }

  private func isFixed(_ dimension: Interface.Dimension) -> Bool {
    if case .fixed = dimension { true } else { false }
  }

  private func describe(_ dimensions: [Interface.Dimension]) -> String {
    let parts = dimensions.map { dimension in
      switch dimension {
      case .fixed(let extent): "\(extent)"
      case .dynamic(let name): name.isEmpty ? "?" : name
      }
    }
    return "[\(parts.joined(separator: ", "))]"
  }
}
