import TinyNN

extension Translation {
  /// The window that the attributes of Conv and the pooling operators describe, for an input of ONNX dimensions `shape`.
  ///
  /// SAME_UPPER and SAME_LOWER become explicit padding: the output has ceil(input / stride) positions, and an odd row or
  /// column of padding goes to the end, or for SAME_LOWER to the beginning.
  func window(kernel: [Int], input shape: [Int]) throws(ONNXImportError) -> Window {
    let axes = shape.count - 2
    let strides = try node.ints("strides") ?? Array(repeating: 1, count: axes)
    let dilations = try node.ints("dilations") ?? Array(repeating: 1, count: axes)
    guard kernel.count == axes, strides.count == axes, dilations.count == axes else {
      throw node.error("kernel \(kernel), strides \(strides) and dilations \(dilations) do not fit an input of shape \(shape)")
    }
    guard (kernel + strides + dilations).allSatisfy({ 1...32768 ~= $0 }) else {
      throw node.unsupported("kernel \(kernel), strides \(strides), dilations \(dilations)")
    }
    let (before, after) = try padding(kernel, strides, dilations, Array(shape[2...]))
    guard (before + after).allSatisfy({ 0...32768 ~= $0 }) else { throw node.unsupported("padding \(before + after)") }
    // A line [N, C, L] is an image of height 1.
    func pair(_ values: [Int], _ missing: Int) -> (Int, Int) { axes == 1 ? (missing, values[0]) : (values[0], values[1]) }
    let (height, width) = pair(kernel, 1)
    var window = Window(height: height, width: width)
    (window.strideY, window.strideX) = pair(strides, 1)
    (window.dilationY, window.dilationX) = pair(dilations, 1)
    (window.padTop, window.padLeft) = pair(before, 0)
    (window.padBottom, window.padRight) = pair(after, 0)
    return window
  }

  private func padding(
    _ kernel: [Int], _ strides: [Int], _ dilations: [Int], _ extents: [Int]
  ) throws(ONNXImportError) -> (before: [Int], after: [Int]) {
    let mode = try node.string("auto_pad") ?? "NOTSET"
    let none = Array(repeating: 0, count: extents.count)
    switch mode {
    case "NOTSET", "":
      let pads = try node.ints("pads") ?? none + none
      guard pads.count == 2 * extents.count else { throw node.error("pads \(pads) do not fit \(extents.count) axes") }
      return (Array(pads[..<extents.count]), Array(pads[extents.count...]))
    case "VALID":
      return (none, none)
    case "SAME_UPPER", "SAME_LOWER":
      let totals = extents.indices.map { axis in
        let positions = (extents[axis] + strides[axis] - 1) / strides[axis]
        return max(0, (positions - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - extents[axis])
      }
      let smaller = totals.map { $0 / 2 }
      let larger = totals.map { $0 - $0 / 2 }
      return mode == "SAME_UPPER" ? (smaller, larger) : (larger, smaller)
    default:
      throw node.error("auto_pad \(mode) is unknown")
    }
  }
}
