/// The layout of matrix multiplication weights in the file: panels of 16 columns, each [depth][16], so that every kernel
/// (4, 8 or 16 lanes) reads them in order and in place. Missing columns of the last panel are zeros.
public struct PanelPacking {
  public static let width = 16
  public let columns: Int
  public let depth: Int

  public init(columns: Int, depth: Int) {
    self.columns = columns
    self.depth = depth
  }

  public static func padded(_ count: Int) -> Int { (count + width - 1) & ~(width - 1) }

  public var panelCount: Int { PanelPacking.padded(columns) / PanelPacking.width }
  public var panelStride: Int { depth * PanelPacking.width }
  public var weightCount: Int { panelCount * panelStride }
  public var biasCount: Int { panelCount * PanelPacking.width }

  /// Packs rows `firstRow ..< firstRow + columns` of a row-major [..., depth] matrix of float32.
  func packWeights(_ elements: ByteRegion, firstRow: Int, into packed: inout MutableSpan<Float>, at start: Int) {
    for column in 0..<columns {
      let source = (firstRow + column) * depth
      let target = start + column / PanelPacking.width * panelStride + column % PanelPacking.width
      for k in 0..<depth {
        packed[target + k * PanelPacking.width] = elements.load(Float.self, at: 4 * (source + k))
      }
    }
  }
}
