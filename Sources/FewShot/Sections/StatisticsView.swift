public import TinyNN

/// A checked view of an encoder's statistics section: what embeddings of any photos look like.
public struct StatisticsView: Sendable {
  public enum ElementType: UInt32, Sendable {
    case float32 = 1
    case float16 = 2
    /// The largest magnitude of a row is 127.
    case int8 = 3

    package var byteCount: Int {
      switch self {
      case .float32: 4
      case .float16: 2
      case .int8: 1
      }
    }
  }

  private let bytes: ByteRegion
  public let dimension: Int
  /// Background embeddings: of photos of no class in particular, for the calibration of `unknown`.
  public let backgroundCount: Int
  public let elementType: ElementType
  /// Photos that the mean is over.
  public let photoCount: Int
  /// Principal axes of the base covariance, the largest variance first; 0 in files without it.
  public let axisCount: Int
  private let lengthsStart: Int
  private let rowsStart: Int
  private let variancesStart: Int
  private let axesStart: Int
  /// Rows and columns of the table of scales; 0 in files without it.
  package let tableShots: Int
  private let tableHeads: Int
  private let tableStart: Int

  /// Nil if the encoder has no statistics.
  public static func of(_ model: Model) throws(ModelError) -> StatisticsView? {
    guard model.has(.statistics) else { return nil }
    return try StatisticsView(model.section(.statistics), at: model.offset(of: .statistics), dimension: model.embeddingDimension)
  }

  package init(_ bytes: ByteRegion, at offset: Int, dimension: Int) throws(ModelError) {
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .statisticsMalformed)
    let header = SectionLayout.wideHeaderByteCount
    try check.requireHeader(header, versions: 1...3)
    guard bytes.index(4) == dimension else { throw check.refusal(at: 4, found: bytes.index(4) & 0x7FFF_FFFF, needed: dimension) }
    guard let type = ElementType(rawValue: bytes.word(12)) else {
      throw check.refusal(at: 12, found: bytes.index(12) & 0x7FFF_FFFF)
    }
    self.bytes = bytes
    self.dimension = dimension
    backgroundCount = try check.number(8, in: 0...TaskLimits.backgroundCount)
    elementType = type
    photoCount = try check.number(16, in: 1...Int(Int32.max))
    let hasCovariance = bytes.word(0) >= 2
    axisCount = hasCovariance ? try check.number(20, in: 0...min(dimension, TaskLimits.axisCount)) : 0
    let hasTable = bytes.word(0) == 3
    tableShots = hasTable ? try check.number(28, in: 1...TaskLimits.tableExtent) : 0
    tableHeads = hasTable ? try check.number(32, in: 1...TaskLimits.tableExtent) : 0
    try check.requireZeros((hasTable ? 36 : hasCovariance ? 28 : 20)..<header)
    lengthsStart = header + Format.aligned(4 * dimension)
    rowsStart = lengthsStart + Format.aligned(4 * backgroundCount)
    let rowsEnd = rowsStart + (try check.rowBytes(backgroundCount, dimension, type.byteCount))
    variancesStart = Format.aligned(rowsEnd)
    axesStart = variancesStart + Format.aligned(4 * axisCount)
    let axesEnd = axesStart + (hasCovariance ? try check.rowBytes(axisCount, dimension, 4) : 0)
    tableStart = Format.aligned(axesEnd)
    try check.requireByteCount(hasTable ? tableStart + 4 * tableShots * tableHeads : hasCovariance ? axesEnd : rowsEnd)
    if hasCovariance {
      guard residualVariance.isFinite, residualVariance >= 0 else { throw check.refusal(at: 24) }
      try check.requireZeros(rowsEnd..<variancesStart)
      for index in 0..<axisCount where !(variance(index).isFinite && variance(index) >= 0) {
        throw check.refusal(at: variancesStart + 4 * index)
      }
      try check.requireZeros(variancesStart + 4 * axisCount..<axesStart)
      try check.requireNormalized(
        EmbeddingMatrix(bytes.slice(axesStart, axesEnd - axesStart), count: axisCount, dimension: dimension), at: axesStart)
    }
    if hasTable {
      try check.requireZeros(axesEnd..<tableStart)
      for position in stride(from: tableStart, to: bytes.count, by: 4) {
        let scale = bytes.load(Float.self, at: position)
        guard scale >= 0, scale <= 65_536 else { throw check.refusal(at: position) }
      }
    }
    for index in 0..<dimension where !mean(index).isFinite { throw check.refusal(at: header + 4 * index) }
    try check.requireZeros(header + 4 * dimension..<lengthsStart)
    for index in 0..<backgroundCount where !(length(index).isFinite && length(index) >= 0) {
      throw check.refusal(at: lengthsStart + 4 * index)
    }
    try check.requireZeros(lengthsStart + 4 * backgroundCount..<rowsStart)
    for row in 0..<backgroundCount where type != .int8 {
      var square: Float = 0
      for index in 0..<dimension { square += background(row, index) * background(row, index) }
      guard square == 0 || (square > 0.99 && square < 1.01) else {
        throw check.refusal(at: rowsStart + row * dimension * type.byteCount, found: row)
      }
    }
  }

  /// The mean of the embeddings as the encoder gives them.
  public func mean(_ index: Int) -> Float { bytes.load(Float.self, at: SectionLayout.wideHeaderByteCount + 4 * index) }

  /// The length of a background embedding as the encoder gave it.
  public func length(_ row: Int) -> Float { bytes.load(Float.self, at: lengthsStart + 4 * row) }

  /// The variance of the embeddings, as the encoder gives them, along an axis.
  public func variance(_ axis: Int) -> Float { bytes.load(Float.self, at: variancesStart + 4 * axis) }

  /// The variance along every direction at right angles to the axes.
  public var residualVariance: Float { axisCount == 0 ? 0 : bytes.load(Float.self, at: 24) }

  /// The mean of the variances along all directions.
  package var meanVariance: Float {
    var sum = residualVariance * Float(dimension - axisCount)
    for index in 0..<axisCount { sum = sum + variance(index) }
    return sum / Float(dimension)
  }

  /// An axis, of length 1, at right angles to the others.
  package func axis(_ index: Int) -> Embedding {
    EmbeddingMatrix(bytes.slice(axesStart, 4 * axisCount * dimension), count: axisCount, dimension: dimension)[index]
  }

  /// The scale that made answers of `method` likeliest with so many photos of a class, over episodes of other classes; nil where
  /// the file does not say.
  public func scale(shots: Int, of method: HeadMethod) -> Float? {
    let column = Int(truncatingIfNeeded: method.rawValue) - 1
    guard shots >= 1, shots <= tableShots, column < tableHeads else { return nil }
    let scale = bytes.load(Float.self, at: tableStart + 4 * ((shots - 1) * tableHeads + column))
    return scale > 0 ? scale : nil
  }

  /// Copies a background embedding, of length 1, to the first `dimension` values of `values`.
  public func copyBackground(_ row: Int, into values: inout MutableSpan<Float>) {
    values.withElements { copyBackground(row, into: $0.slice(0, dimension)) }
  }

  package func copyBackground(_ row: Int, into values: Elements<Float>) {
    for index in 0..<dimension { values[index] = background(row, index) }
    // Rounding has changed the length a little, and int8 rows have one of their own.
    if elementType != .float32 { _ = values.normalize() }
  }

  private func background(_ row: Int, _ index: Int) -> Float {
    let element = row * dimension + index
    return switch elementType {
    case .float32: bytes.load(Float.self, at: rowsStart + 4 * element)
    case .float16: HalfPrecision.value(bytes.load(UInt16.self, at: rowsStart + 2 * element))
    case .int8: Float(Int(bytes.load(Int8.self, at: rowsStart + element)))
    }
  }
}

/// IEEE 754 binary16, by bit operations, since not every target has the type.
public enum HalfPrecision {
  /// The value of 16 bits; exact.
  public static func value(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) &<< 16
    let magnitude = UInt32(bits & 0x7FFF)
    if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) &<< 13) }
    // The exponents' biases differ by 112; multiplying also makes subnormal numbers right.
    return Float(bitPattern: sign | magnitude &<< 13) * Float(bitPattern: (127 + 112) &<< 23)
  }

  /// The nearest 16 bits, ties to even. `value` is in -65504 ... 65504.
  public static func bits(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: (value.bitPattern &>> 16) & 0x8000)
    let magnitude = value.magnitude
    if magnitude < 6.103515625e-5 {
      // Subnormal: adding 0.5 leaves multiples of 2^-24 in the last bits.
      return sign | UInt16(truncatingIfNeeded: (magnitude + 0.5).bitPattern &- 0x3F00_0000)
    }
    let rounded = magnitude.bitPattern &+ 0xFFF &+ ((magnitude.bitPattern &>> 13) & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded &>> 13) &- (112 &<< 10))
  }
}
