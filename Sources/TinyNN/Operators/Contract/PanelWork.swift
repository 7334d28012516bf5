/// One part's share of a matrix product with packed weights, divided by rows of the output or by panels of its columns.
struct PanelWork {
  let rows: Range<Int>
  let panels: Range<Int>
  /// The first column of the panels, and how many of their columns there are; the last panel may be padded.
  let firstColumn: Int
  let columnCount: Int

  /// - Parameter dividesColumns: see the rule of the same name.
  @inline(__always)
  init(
    _ context: borrowing OperatorContext, rows rowCount: Int, columns: Int, panels panelCount: Int, dividesColumns: Bool
  ) {
    rows = dividesColumns ? 0..<rowCount : context.share(of: rowCount)
    panels = dividesColumns ? context.share(of: panelCount) : 0..<panelCount
    firstColumn = panels.lowerBound * PanelPacking.width
    columnCount = min(columns, panels.upperBound * PanelPacking.width) - firstColumn
  }

  var isEmpty: Bool { columnCount <= 0 || rows.isEmpty }

  /// Whether threads divide `rows` rows of outputs by columns. They do where the weights are more than what the rows read
  /// (`readPerRow` new elements each) and write: each part then reads only its share of the weights, and the input comes from all
  /// parts of the operator before. Otherwise by rows, so that a thread finds in its cache what it wrote.
  static func dividesColumns(rows: Int, readPerRow: Int, depth: Int, columns: Int) -> Bool {
    rows * (readPerRow + columns) < columns * depth
  }

  /// The panels' weights, of a packed matrix that begins at `start`.
  @inline(__always) func weights<T>(_ packed: Elements<T>, from start: Int = 0, panelStride: Int) -> Elements<T> {
    packed.slice(start + panels.lowerBound * panelStride, panels.count * panelStride)
  }

  /// The panels' elements of a padded vector that begins at `start`.
  @inline(__always) func channels<T>(_ vector: Elements<T>, from start: Int = 0) -> Elements<T> {
    vector.slice(start + firstColumn, panels.count * PanelPacking.width)
  }

  /// The panels' columns in `count` rows of the output, `stride` apart, of which the first begins at `start`.
  @inline(__always) func results<T>(_ output: Elements<T>, from start: Int, count: Int, stride: Int) -> Elements<T> {
    output.slice(start + firstColumn, (count - 1) * stride + columnCount)
  }
}
