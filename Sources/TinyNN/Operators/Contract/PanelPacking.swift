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

  /// `count` columns with those that fill the last panel.
  public static func padded(_ count: Int) -> Int { paddedToPanel(count) }

  public var panelCount: Int { PanelPacking.padded(columns) / PanelPacking.width }
  public var panelStride: Int { depth * PanelPacking.width }
  public var weightCount: Int { panelCount * panelStride }
  public var biasCount: Int { panelCount * PanelPacking.width }

  /// Packs rows `firstRow ..< firstRow + columns` of a row-major [..., depth] matrix of 4-byte elements.
  func packWeights(_ elements: ByteRegion, firstRow: Int, into packed: inout MutableRawSpan, at start: Int) {
    for column in 0..<columns {
      let source = (firstRow + column) * depth
      let target = start + column / PanelPacking.width * panelStride + column % PanelPacking.width
      for k in 0..<depth {
        packed.store(elements.word(4 * (source + k)), at: 4 * (target + k * PanelPacking.width))
      }
    }
  }
}

/// The layout of int8 matrix multiplication weights in the file: panels of 16 columns, each [depth / 4][16][4], so that
/// four neighbours of one column meet in one 32-bit lane. Missing columns, and depth beyond a multiple of 4, are zeros.
public struct Int8PanelPacking {
  public let columns: Int
  public let depth: Int

  public init(columns: Int, depth: Int) {
    self.columns = columns
    self.depth = depth
  }

  public var paddedDepth: Int { (depth + 3) & ~3 }
  public var panelCount: Int { PanelPacking.padded(columns) / PanelPacking.width }
  public var panelStride: Int { paddedDepth * PanelPacking.width }
  public var weightCount: Int { panelCount * panelStride }
  public var biasCount: Int { panelCount * PanelPacking.width }

  /// Packs rows `firstRow ..< firstRow + columns` of a row-major [..., depth] matrix of int8.
  func packWeights(_ elements: ByteRegion, firstRow: Int, into packed: inout MutableRawSpan, at start: Int) {
    for column in 0..<columns {
      let source = (firstRow + column) * depth
      let target = start + column / PanelPacking.width * panelStride + column % PanelPacking.width * 4
      for k in 0..<depth { packed.store(elements.load(Int8.self, at: source + k), at: target + k / 4 * 64 + k % 4) }
    }
  }
}

extension MutableRawSpan {
  @_lifetime(self: copy self)
  @inline(__always) mutating func store<T: BitwiseCopyable>(_ value: T, at byteOffset: Int) {
    storeBytes(of: value, toByteOffset: byteOffset, as: T.self)
  }
}
