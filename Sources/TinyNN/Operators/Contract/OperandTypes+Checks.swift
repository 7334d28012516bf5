// Checks that shape rules share.
extension OperandTypes {
  /// The type of input `index`, which must be there and be float32.
  func float32(_ index: Int) throws(ModelError) -> TensorType {
    guard index < inputCount, let type = inputType(index) else {
      throw ModelError(.wrongOperandCount, found: inputCount, needed: index + 1)
    }
    guard type.elementType == .float32 else {
      throw ModelError(.operandTypeMismatch, found: Int(type.elementType.rawValue), needed: Int(ElementType.float32.rawValue))
    }
    return type
  }

  /// As `float32(_:)`, and of rank `rank`.
  func float32(_ index: Int, rank: Int) throws(ModelError) -> TensorType {
    let type = try float32(index)
    guard type.shape.rank == rank else { throw ModelError(.wrongShape, found: type.shape.rank, needed: rank) }
    return type
  }

  /// The type of input `index`, which must be there and hold activations: float32 or int8.
  func activations(_ index: Int) throws(ModelError) -> TensorType {
    guard index < inputCount, let type = inputType(index) else {
      throw ModelError(.wrongOperandCount, found: inputCount, needed: index + 1)
    }
    guard type.elementType != .int32 else {
      throw ModelError(.operandTypeMismatch, found: Int(type.elementType.rawValue), needed: Int(ElementType.float32.rawValue))
    }
    return type
  }

  /// As `activations(_:)`, and of rank `rank`.
  func activations(_ index: Int, rank: Int) throws(ModelError) -> TensorType {
    let type = try activations(index)
    guard type.shape.rank == rank else { throw ModelError(.wrongShape, found: type.shape.rank, needed: rank) }
    return type
  }

  /// The shape of input `index`, which must be there, hold `elementType`, and have rank `rank`.
  func shape(_ index: Int, of elementType: ElementType, rank: Int) throws(ModelError) -> Shape {
    guard index < inputCount, let type = inputType(index) else {
      throw ModelError(.wrongOperandCount, found: inputCount, needed: index + 1)
    }
    guard type.elementType == elementType else {
      throw ModelError(.operandTypeMismatch, found: Int(type.elementType.rawValue), needed: Int(elementType.rawValue))
    }
    guard type.shape.rank == rank else { throw ModelError(.wrongShape, found: type.shape.rank, needed: rank) }
    return type.shape
  }

  /// Checks what stands behind weights: for float32 activations a float32 bias [channels]; for int8 activations an int32
  /// bias and float32 multipliers, both [channels], and an activation that is a clamp.
  func requireBias(channels: Int, for elementType: ElementType, _ activation: Activation) throws(ModelError) {
    let isInt8 = elementType == .int8
    try require(inputs: isInt8 ? 4 : 3)
    try TinyNN.require(try shape(2, of: isInt8 ? .int32 : .float32, rank: 1)[0], is: channels)
    guard isInt8 else { return }
    try TinyNN.require(try shape(3, of: .float32, rank: 1)[0], is: channels)
    guard activation.isClampOrNone else { throw ModelError(.attributeOutOfRange, found: Int(activation.function.rawValue)) }
  }

  /// True if input `index` is int8. Precondition: the shape rule has accepted the operands.
  func isInt8(_ index: Int) -> Bool { inputType(index)?.elementType == .int8 }

  func require(inputs count: Int) throws(ModelError) {
    guard inputCount == count else { throw ModelError(.wrongOperandCount, found: inputCount, needed: count) }
  }

  /// The shape of input `index`. Precondition: the shape rule has accepted the operands.
  func shape(_ index: Int) -> Shape { inputType(index)?.shape ?? Shape() }
}

/// Throws `wrongShape` unless `found` is `needed`.
func require(_ found: Int, is needed: Int) throws(ModelError) {
  guard found == needed else { throw ModelError(.wrongShape, found: found, needed: needed) }
}

/// The window of a convolution or a pooling: extents, steps and padding of the two spatial axes of an NHWC tensor.
public struct Window: Equatable, Sendable {
  public var height: Int, width: Int
  public var strideY = 1, strideX = 1
  public var dilationY = 1, dilationX = 1
  public var padTop = 0, padLeft = 0, padBottom = 0, padRight = 0

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public var taps: Int { height * width }
  public var isPointwise: Bool {
    height == 1 && width == 1 && strideY == 1 && strideX == 1
      && padTop == 0 && padLeft == 0 && padBottom == 0 && padRight == 0
  }

  static let limit = 1...1 << 15

  /// The window on the unpadded NHWC tensor, if the padding is of zeros around the image and not too large.
  func absorbing(_ pad: Pad) -> Window? {
    guard pad.rank == 4, pad.value == 0, pad.before[0] == 0, pad.after[0] == 0, pad.before[3] == 0, pad.after[3] == 0 else {
      return nil
    }
    var window = self
    window.padTop += pad.before[1]
    window.padBottom += pad.after[1]
    window.padLeft += pad.before[2]
    window.padRight += pad.after[2]
    let largest = max(max(window.padTop, window.padBottom), max(window.padLeft, window.padRight))
    return largest <= Window.limit.upperBound ? window : nil
  }

  /// The window, and the input rows that it reads, for the output rows `rows` alone, of an input of `height` rows.
  func striped(rows: Range<Int>, height: Int) -> (window: Window, inputRows: Range<Int>) {
    let first = rows.lowerBound * strideY - padTop
    let end = (rows.upperBound - 1) * strideY - padTop + dilationY * (self.height - 1) + 1
    var window = self
    window.padTop = max(0, -first)
    window.padBottom = max(0, end - height)
    return (window, max(0, first)..<max(0, min(height, end)))
  }

  init(decoding reader: inout AttributeReader) throws(ModelError) {
    self.init(height: try reader.int(in: Window.limit), width: try reader.int(in: Window.limit))
    strideY = try reader.int(in: Window.limit)
    strideX = try reader.int(in: Window.limit)
    dilationY = try reader.int(in: Window.limit)
    dilationX = try reader.int(in: Window.limit)
    padTop = try reader.int(in: 0...Window.limit.upperBound)
    padLeft = try reader.int(in: 0...Window.limit.upperBound)
    padBottom = try reader.int(in: 0...Window.limit.upperBound)
    padRight = try reader.int(in: 0...Window.limit.upperBound)
  }

  func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(height)
    sink.append(width)
    sink.append(strideY)
    sink.append(strideX)
    sink.append(dilationY)
    sink.append(dilationX)
    sink.append(padTop)
    sink.append(padLeft)
    sink.append(padBottom)
    sink.append(padRight)
  }

  /// The spatial extents of the result (ONNX Conv and pooling: floor, or ceiling where `ceiling` is set; a last window
  /// that would start in the padding behind the input is dropped, as PyTorch does).
  func outputExtents(_ input: Shape, ceiling: Bool = false) throws(ModelError) -> (height: Int, width: Int) {
    let height = Window.extent(input[1], padTop, padBottom, dilationY * (self.height - 1) + 1, strideY, ceiling)
    let width = Window.extent(input[2], padLeft, padRight, dilationX * (self.width - 1) + 1, strideX, ceiling)
    guard height > 0, width > 0 else { throw ModelError(.wrongShape, found: min(height, width), needed: 1) }
    return (height, width)
  }

  private static func extent(_ input: Int, _ before: Int, _ after: Int, _ window: Int, _ stride: Int, _ ceiling: Bool) -> Int {
    let room = input + before + after - window
    guard room >= 0 else { return 0 }
    var extent = (ceiling ? room + stride - 1 : room) / stride + 1
    if ceiling, (extent - 1) * stride >= input + before { extent -= 1 }
    return extent
  }
}
