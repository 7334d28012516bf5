import TinyNN

/// A drawing of a memory plan: operators from left to right, bytes of the arena from bottom to top, a rectangle for each
/// tensor. Readable on light and dark backgrounds.
struct MemoryPlanSVG {
  private let summary: ModelSummary
  private let columnWidth: Double
  private let plotWidth: Double
  private let plotHeight = 480.0
  private let left = 76.0, top = 56.0, right = 24.0, bottom = 44.0

  init(_ summary: ModelSummary) {
    self.summary = summary
    columnWidth = max(16, min(60, 1100 / Double(max(1, summary.layers.count))))
    plotWidth = columnWidth * Double(summary.layers.count + 1)
  }

  var text: String {
    let (width, height) = (max(640, left + plotWidth + right), top + plotHeight + bottom)
    var svg = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(n(width)) \(n(height))" width="\(n(width))" \
      height="\(n(height))" font-family="system-ui, sans-serif" font-size="11">
      <style>
      text { fill: #1f2328; } .end { text-anchor: end; } .middle { text-anchor: middle; }
      .ground { fill: #ffffff; } .free { fill: #f6f8fa; } .grid { stroke: #d0d7de; } .box { stroke: #57606a; stroke-width: 0.75; }
      .tensor { fill: #b6d4fe; } .other { fill: #c7e9d0; } .input { fill: #ffe2a8; } .output { fill: #ffc9c9; } .scratch { \
      fill: #d0d7de; }
      .bound { stroke: #1f2328; stroke-dasharray: 5 4; }
      @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .ground { fill: #0d1117; } .free { fill: #161b22; } .grid { stroke: #30363d; } .box { stroke: \
      #9198a1; }
      .tensor { fill: #1f4b87; } .other { fill: #1c5a38; } .input { fill: #7a5407; } .output { fill: #8a2c34; } .scratch { \
      fill: #30363d; }
      .bound { stroke: #e6edf3; }
      }
      </style>
      <rect width="\(n(width))" height="\(n(height))" class="ground"/>
      <text x="\(n(left))" y="20" font-size="14" font-weight="600">Memory plan: \(grouped(summary.plan.arenaByteCount)) \
      bytes of arena</text>
      <text x="\(n(left))" y="38">\(grouped(summary.plan.activationByteCount)) of tensors (no plan needs less than \
      \(grouped(summary.activationLowerBound))), \(grouped(summary.plan.scratchByteCount)) of scratch</text>
      <rect x="\(n(left))" y="\(n(top))" width="\(n(plotWidth))" height="\(n(plotHeight))" class="free"/>

      """
    svg += axes()
    for tensor in summary.arenaTensors { svg += rectangle(tensor) }
    if summary.plan.scratchByteCount > 0 { svg += scratch() }
    let bound = y(summary.activationLowerBound)
    svg +=
      """
      <line class=\"bound\" x1=\"\(n(left))\" x2=\"\(n(left + plotWidth))\" y1=\"\(n(bound))\" \
      y2=\"\(n(bound))\"><title>lower bound \(grouped(summary.activationLowerBound)) bytes</title></line>\n
      """
    return svg + "</svg>\n"
  }

  private func x(_ step: Double) -> Double { left + step * columnWidth }
  private func y(_ byte: Int) -> Double { top + plotHeight * (1 - Double(byte) / Double(max(1, summary.plan.arenaByteCount))) }

  private func axes() -> String {
    var svg = ""
    var step = 1
    // About eight lines, at 1, 2 or 5 times a power of ten.
    while summary.plan.arenaByteCount / step > 8 { step = String(step).hasPrefix("2") ? step / 2 * 5 : step * 2 }
    for byte in stride(from: 0, through: summary.plan.arenaByteCount, by: step) {
      svg += "<line class=\"grid\" x1=\"\(n(left))\" x2=\"\(n(left + plotWidth))\" y1=\"\(n(y(byte)))\" y2=\"\(n(y(byte)))\"/>"
      svg +=
        """
        <text class=\"end\" x=\"\(n(left - 6))\" \
        y=\"\(n(y(byte) + 4))\">\(byte == 0 ? "0 B" : ByteSize(byte).description)</text>\n
        """
    }
    let every = max(1, Int((24 / columnWidth).rounded(.up)))
    for index in stride(from: 0, to: summary.layers.count, by: every) {
      svg +=
        """
        <text class=\"middle\" x=\"\(n(x(Double(index) + 0.5)))\" \
        y=\"\(n(top + plotHeight + 16))\">\(index)<title>\(escaped(summary.layers[index].operatorName))</title></text>\n
        """
    }
    svg +=
      """
      <text class=\"middle\" x=\"\(n(left + plotWidth / 2))\" y=\"\(n(top + plotHeight + 34))\">operator, in \
      execution order</text>\n
      """
    return svg
  }

  private func rectangle(_ tensor: ModelSummary.ArenaTensor) -> String {
    // A tensor that takes over the memory of another does so in the middle of its first operator.
    let others = summary.arenaTensors.filter { $0.index != tensor.index && $0.place.offset == tensor.place.offset }
    let takesOver = others.contains { $0.place.last == tensor.place.first && $0.place.first < tensor.place.first }
    let isTakenOver = others.contains { $0.place.first == tensor.place.last && $0.place.last > tensor.place.last }
    let start = x(Double(tensor.place.first) + (takesOver ? 0.5 : 0))
    let end = x(Double(tensor.place.last) + (isTakenOver ? 0.5 : 1))
    let (upper, lower) = (y(tensor.place.offset + tensor.record.byteCount), y(tensor.place.offset))
    let kind =
      summary.isInput(tensor.index)
      ? "input" : summary.isOutput(tensor.index) ? "output" : tensor.place.first % 2 == 0 ? "tensor" : "other"
    let name = summary.tensorName(tensor.index)
    let size = ByteSize(tensor.record.byteCount).description
    let about =
      """
      \(name) \(tensor.record.type.shape), \(grouped(tensor.record.byteCount)) bytes at \
      \(grouped(tensor.place.offset)), operators \(tensor.place.first) to \(tensor.place.last)
      """
    return
      """
      <g><title>\(escaped(about))</title><rect class=\"box \(kind)\" x=\"\(n(start))\" y=\"\(n(upper))\" \
      width=\"\(n(end - start))\" height=\"\(n(max(0.5, lower - upper)))\" />
      """
        + label(name, size, from: (start, upper), to: (end, lower)) + "</g>\n"
  }

  /// Name and size inside a rectangle, upright or turned; the name is shortened or left out where there is no room.
  private func label(_ name: String, _ size: String, from: (x: Double, y: Double), to: (x: Double, y: Double)) -> String {
    let (width, height) = (to.x - from.x, to.y - from.y)
    let isUpright = width >= height || height < 40
    let (length, thickness) = isUpright ? (width, height) : (height, width)
    // 6.2: the mean width of a letter at this size.
    let capacity = Int((length - 4) / 6.2)
    guard thickness >= 13, capacity >= size.count else { return "" }
    let room = capacity - size.count - 1
    // Names in networks share their beginnings: what tells them apart is the end.
    let shown = room >= name.count ? "\(name) \(size)" : room >= 4 ? "…\(name.suffix(room - 1)) \(size)" : size
    let (cx, cy) = ((from.x + to.x) / 2, (from.y + to.y) / 2)
    let turn = isUpright ? "" : " transform=\"rotate(-90 \(n(cx)) \(n(cy)))\""
    return "<text class=\"middle\" x=\"\(n(cx))\" y=\"\(n(cy + 4))\"\(turn)>\(escaped(shown))</text>"
  }

  private func scratch() -> String {
    let (upper, lower) = (y(summary.plan.arenaByteCount), y(summary.plan.activationByteCount))
    return
      """
      <g><title>scratch of the running operator, \(grouped(summary.plan.scratchByteCount)) bytes</title><rect \
      class=\"box scratch\" x=\"\(n(left))\" y=\"\(n(upper))\" width=\"\(n(plotWidth))\" \
      height=\"\(n(max(0.5, lower - upper)))\"/>
      """
        + label(
          "scratch of the running operator", ByteSize(summary.plan.scratchByteCount).description, from: (left, upper),
          to: (left + plotWidth, lower)) + "</g>\n"
  }

  private func n(_ value: Double) -> String { decimal(value, digits: 1) }

  private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.onOneLine.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
