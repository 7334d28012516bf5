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

  /// The window on the tensor without the zeros around it, if its own padding does not become too large.
  func absorbing(_ border: Border) -> Window? {
    var window = self
    window.padTop += border.top
    window.padBottom += border.bottom
    window.padLeft += border.left
    window.padRight += border.right
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

/// Rows and columns of zeros around the image of an NHWC tensor.
public struct Border: Equatable, Sendable {
  public let top: Int
  public let left: Int
  public let bottom: Int
  public let right: Int
}
