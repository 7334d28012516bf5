/// Preprocessing of one photo whose rows arrive one at a time, top to bottom.
///
/// Holds no memory of its own: the caller passes the same scratch memory and the same output to every call. A row is
/// resized horizontally into a ring of as many rows as the vertical filter covers; an output row is written as soon as
/// its last row is there. So the scratch memory grows with the reduction (photo size / input size), not with the
/// number of pixels.
public struct PreprocessingStream: Sendable {
  public let geometry: PreprocessingGeometry
  /// The decoded row that `push` expects next.
  public private(set) var nextRow = 0
  private var nextOutputRow = 0
  private let mean: SIMD3<Float>
  private let standardDeviation: SIMD3<Float>
  private let layout: PreprocessingScratchLayout

  /// Prepares `scratch`, whose size is at least `Preprocessing.scratchByteCount(photo:)`.
  public init(
    _ preprocessing: Preprocessing, photo: PhotoSize, scratch: inout MutableRawSpan
  ) throws(PreprocessingError) {
    geometry = try PreprocessingGeometry(preprocessing, photo: photo)
    layout = try PreprocessingScratchLayout(geometry)
    mean = preprocessing.mean
    standardDeviation = preprocessing.standardDeviation
    let columns = geometry.columns
    let layout = layout
    try layout.withRegions(of: &scratch) { words, _ in
      for column in 0..<columns.cropSize {
        let entry = column * layout.columnEntryCount
        let window = columns.window(column)
        words[entry] = Int32(truncatingIfNeeded: window.lowerBound)
        words[entry + 1] = Int32(truncatingIfNeeded: window.count)
        columns.writeWeights(column, to: &words, at: entry + 2)
      }
    }
  }

  /// Whether the output is complete. The remaining rows need not be pushed.
  public var isComplete: Bool { nextOutputRow == geometry.rows.cropSize }

  /// Takes the next decoded row and writes the output rows that became ready.
  /// - Parameters:
  ///   - row: RGB, 8 bit, at least 3 x decoded width bytes. Rows outside `geometry.decodedRows` are not read.
  ///   - scratch: The memory that `init` prepared.
  ///   - output: [inputHeight, inputWidth, 3].
  @_lifetime(output: copy output)
  @_lifetime(scratch: copy scratch)
  public mutating func push(
    row: Span<UInt8>, scratch: inout MutableRawSpan, output: inout MutableSpan<Float>
  ) throws(PreprocessingError) {
    try push(row: row, scratch: &scratch, output: &output) { $0 }
  }

  /// As above, for an int8 input of the network: each value is quantized as it is written.
  @_lifetime(output: copy output)
  @_lifetime(scratch: copy scratch)
  public mutating func push(
    row: Span<UInt8>, scratch: inout MutableRawSpan, output: inout MutableSpan<Int8>, _ map: Quantization
  ) throws(PreprocessingError) {
    try push(row: row, scratch: &scratch, output: &output) { map.quantize($0) }
  }

  @_lifetime(output: copy output)
  @_lifetime(scratch: copy scratch)
  @inline(__always)
  private mutating func push<Element>(
    row: Span<UInt8>, scratch: inout MutableRawSpan, output: inout MutableSpan<Element>, _ element: (Float) -> Element
  ) throws(PreprocessingError) {
    let rows = geometry.rows
    let outputCount = rows.cropSize * layout.rowByteCount
    guard nextRow < rows.inputSize else { throw .tooManyRows }
    guard row.count >= 3 * geometry.columns.inputSize else {
      throw .tooFewPixelBytes(required: 3 * geometry.columns.inputSize, actual: row.count)
    }
    guard output.count == outputCount else {
      throw .wrongOutputCount(required: outputCount, actual: output.count)
    }
    let rowIndex = nextRow
    nextRow += 1
    guard !isComplete, rowIndex >= rows.window(nextOutputRow).lowerBound else { return }

    let layout = layout
    var outputRow = nextOutputRow
    let mean = mean
    let standardDeviation = standardDeviation
    try layout.withRegions(of: &scratch) { words, ring in
      layout.resizeHorizontally(row, words: words.span, to: &ring, slot: rowIndex % layout.ringRowCount)
      while outputRow < rows.cropSize, rows.window(outputRow).upperBound <= rowIndex + 1 {
        rows.writeWeights(outputRow, to: &words, at: layout.rowWeightsOffset)
        layout.resizeVertically(
          ring.span, window: rows.window(outputRow), words: words.span, mean: mean,
          standardDeviation: standardDeviation, to: &output, at: outputRow * layout.rowByteCount, element)
        outputRow += 1
      }
    }
    nextOutputRow = outputRow
  }
}
