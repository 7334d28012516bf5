/// Where the parts of the scratch memory lie, and the two passes that work on them.
///
///     words (Int32)   columnCount x [window start, window count, weights...]   horizontal filter
///                     rowTapCapacity x weight                                  vertical filter of the current row
///     ring (UInt8)    ringRowCount x columnCount x 3                           horizontally resized rows
struct PreprocessingScratchLayout: Equatable, Sendable {
  let columnCount: Int
  let columnEntryCount: Int
  let rowWeightsOffset: Int
  let wordCount: Int
  let ringRowCount: Int
  let byteCount: Int

  var rowByteCount: Int { 3 * columnCount }

  init(_ geometry: PreprocessingGeometry) throws(PreprocessingError) {
    try self.init(
      columnCount: geometry.columns.cropSize, columnTapCapacity: geometry.columns.tapCapacity,
      rowTapCapacity: geometry.rows.tapCapacity)
  }

  init(columnCount: Int, columnTapCapacity: Int, rowTapCapacity: Int) throws(PreprocessingError) {
    self.columnCount = columnCount
    columnEntryCount = columnTapCapacity + 2
    ringRowCount = rowTapCapacity
    let (columnWords, overflow1) = columnCount.multipliedReportingOverflow(by: columnEntryCount)
    let (words, overflow2) = columnWords.addingReportingOverflow(ringRowCount)
    let (wordBytes, overflow3) = words.multipliedReportingOverflow(by: 4)
    let (ringBytes, overflow4) = ringRowCount.multipliedReportingOverflow(by: 3 * columnCount)
    let (bytes, overflow5) = wordBytes.addingReportingOverflow(ringBytes)
    guard !overflow1, !overflow2, !overflow3, !overflow4, !overflow5 else {
      throw .scratchByteCountOverflow
    }
    rowWeightsOffset = columnWords
    wordCount = words
    byteCount = bytes
  }

  /// Lends the two regions of `scratch` to `body`.
  func withRegions(
    of scratch: inout MutableRawSpan,
    _ body: (inout MutableSpan<Int32>, inout MutableSpan<UInt8>) -> Void
  ) throws(PreprocessingError) {
    guard scratch.byteCount >= byteCount else {
      throw .scratchTooSmall(required: byteCount, actual: scratch.byteCount)
    }
    // The pointers are used inside the closure only. The regions do not overlap and end within `byteCount` bytes,
    // which `scratch` has; the start is checked to be aligned, and every bit pattern is an Int32 and a UInt8.
    unsafe try scratch.withUnsafeMutableBytes { bytes throws(PreprocessingError) in
      guard let start = bytes.baseAddress,
        UInt(bitPattern: start) % UInt(Preprocessing.scratchAlignment) == 0
      else { throw .misalignedScratch }
      let ringStart = unsafe start + wordCount * 4
      var words = unsafe MutableSpan(
        _unsafeStart: start.bindMemory(to: Int32.self, capacity: wordCount), count: wordCount)
      let ringCount = ringRowCount * rowByteCount
      var ring = unsafe MutableSpan(
        _unsafeStart: ringStart.bindMemory(to: UInt8.self, capacity: ringCount), count: ringCount)
      body(&words, &ring)
    }
  }

  /// Resizes one row of the photo into row `slot` of the ring.
  @_lifetime(ring: copy ring)
  func resizeHorizontally(_ row: Span<UInt8>, words: Span<Int32>, to ring: inout MutableSpan<UInt8>, slot: Int) {
    var target = slot * rowByteCount
    for column in 0..<columnCount {
      let entry = column * columnEntryCount
      var source = 3 * Int(words[entry])
      var red = Self.half
      var green = Self.half
      var blue = Self.half
      for tap in 0..<Int(words[entry + 1]) {
        let weight = words[entry + 2 + tap]
        red &+= Int32(row[source]) &* weight
        green &+= Int32(row[source + 1]) &* weight
        blue &+= Int32(row[source + 2]) &* weight
        source += 3
      }
      ring[target] = Self.clip(red)
      ring[target + 1] = Self.clip(green)
      ring[target + 2] = Self.clip(blue)
      target += 3
    }
  }

  /// Resizes the rows `window` of the photo, which are in the ring, into one row of the output, and normalises it.
  @_lifetime(output: copy output)
  @inline(__always)
  func resizeVertically<Element>(
    _ ring: Span<UInt8>, window: Range<Int>, words: Span<Int32>, mean: SIMD3<Float>,
    standardDeviation: SIMD3<Float>, to output: inout MutableSpan<Element>, at outputOffset: Int, _ element: (Float) -> Element
  ) {
    let firstSlot = window.lowerBound % ringRowCount
    for column in 0..<columnCount {
      var slot = firstSlot
      var red = Self.half
      var green = Self.half
      var blue = Self.half
      for tap in 0..<window.count {
        let weight = words[rowWeightsOffset + tap]
        let source = slot * rowByteCount + 3 * column
        red &+= Int32(ring[source]) &* weight
        green &+= Int32(ring[source + 1]) &* weight
        blue &+= Int32(ring[source + 2]) &* weight
        slot = slot + 1 == ringRowCount ? 0 : slot + 1
      }
      let target = outputOffset + 3 * column
      output[target] = element((Self.value(red) - mean.x) / standardDeviation.x)
      output[target + 1] = element((Self.value(green) - mean.y) / standardDeviation.y)
      output[target + 2] = element((Self.value(blue) - mean.z) / standardDeviation.z)
    }
  }

  private static let half: Int32 = 1 << (ResampleAxis.fractionBits - 1)

  private static func clip(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> ResampleAxis.fractionBits)))
  }

  private static func value(_ sum: Int32) -> Float {
    Float(Int(clip(sum)))
  }
}
