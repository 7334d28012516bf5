/// Maximum, average or sum over windows.
///
/// Input: [N, H, W, C]. Output: [N, H', W', C]. The average divides by the number of pixels inside the image, or, with
/// `countsPadding`, inside the image and its declared padding (ONNX `count_include_pad`). Sums run in the order y, x.
/// int8 averages are exact sums, one division, rounded to nearest even; the output has the scale of the input.
public struct Pool: Operator {
  public static let name: StaticString = "Pool"

  public enum Function: UInt32, Sendable { case maximum = 0, average, sum }

  public var function: Function
  public var window: Window
  public var ceiling: Bool
  public var countsPadding: Bool

  public init(_ function: Function, window: Window, ceiling: Bool = false, countsPadding: Bool = false) {
    self.function = function
    self.window = window
    self.ceiling = ceiling
    self.countsPadding = countsPadding
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    let code = try reader.word()
    guard let function = Function(rawValue: code) else { throw ModelError(.attributeOutOfRange, found: Int(code)) }
    self.function = function
    window = try Window(decoding: &reader)
    ceiling = try reader.int(in: 0...1) == 1
    countsPadding = try reader.int(in: 0...1) == 1
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(function.rawValue)
    window.encode(into: &sink)
    sink.append(ceiling ? 1 : 0)
    sink.append(countsPadding ? 1 : 0)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let (type, input) = (try operands.activations(0, rank: 4).elementType, operands.shape(0))
    // A window wholly inside the padding would have nothing to take the maximum or the average of.
    guard window.padTop < window.dilationY * (window.height - 1) + 1, window.padLeft < window.dilationX * (window.width - 1) + 1,
      window.padBottom < window.dilationY * (window.height - 1) + 1, window.padRight < window.dilationX * (window.width - 1) + 1
    else { throw ModelError(.attributeOutOfRange, found: window.padTop, needed: window.height - 1) }
    guard type == .float32 || function != .sum else { throw ModelError(.attributeOutOfRange, found: Int(function.rawValue)) }
    let (height, width) = try window.outputExtents(input, ceiling: ceiling)
    return TensorType(type, Shape(input[0], height, width, input[3]))
  }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Pool>? {
    // The padding of ceiling and of counted pixels is not that of a stripe.
    guard !ceiling, !countsPadding || (window.padTop == 0 && window.padBottom == 0) else { return nil }
    let (window, inputRows) = window.striped(rows: rows, height: operands.shape(0)[1])
    return Stripe(operation: Pool(function, window: window, countsPadding: countsPadding), inputRows: inputRows)
  }

  public var int8Form: Int8Form? { function == .sum ? nil : .following }
  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    if !OperatorSelection.hasFloat || input.elementType == .int8 { return runInt8(context, input, output) }
    let channels = input.shape[3]
    let source = input.floats, target = output.floats
    for row in context.share(of: output.shape[0] * output.shape[1]) {
      let (image, y) = (row / output.shape[1], row % output.shape[1])
      for x in 0..<output.shape[2] {
        let start = (row * output.shape[2] + x) * channels
        let (top, left) = (y * window.strideY - window.padTop, x * window.strideX - window.padLeft)
        var inside = 0, counted = 0
        for ky in 0..<window.height {
          let iy = top + ky * window.dilationY
          for kx in 0..<window.width {
            let ix = left + kx * window.dilationX
            if iy < input.shape[1] + window.padBottom && ix < input.shape[2] + window.padRight { counted += 1 }
            guard iy >= 0, iy < input.shape[1], ix >= 0, ix < input.shape[2] else { continue }
            let from = ((image * input.shape[1] + iy) * input.shape[2] + ix) * channels
            if inside == 0 {
              for channel in 0..<channels { target[start + channel] = source[from + channel] }
            } else if function == .maximum {
              for channel in 0..<channels {
                let (old, new) = (target[start + channel], source[from + channel])
                target[start + channel] = new > old ? new : old
              }
            } else {
              for channel in 0..<channels { target[start + channel] = target[start + channel] + source[from + channel] }
            }
            inside += 1
          }
        }
        if function == .average {
          let divisor = Float(countsPadding ? counted : inside)
          for channel in 0..<channels { target[start + channel] = target[start + channel] / divisor }
        }
      }
    }
  }
}
