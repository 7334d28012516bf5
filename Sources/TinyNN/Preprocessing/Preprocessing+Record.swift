/// The fixed-size record of the .tnn file, little endian:
///
///      0  u32     version, 1
///      4  u32     inputHeight
///      8  u32     inputWidth
///     12  u32     interpolation, 0 bilinear, 1 bicubic
///     16  f32     cropFraction
///     20  f32[3]  mean
///     32  f32[3]  standardDeviation
///     44  u8[20]  0
extension Preprocessing {
  public static let recordByteCount = 64
  public static let recordVersion: UInt32 = 1

  /// Reads a record of exactly `recordByteCount` bytes.
  /// - Throws: `PreprocessingError.wrongRecordSize`, or `.invalidField` with the field that is refused.
  public init(record: RawSpan) throws(PreprocessingError) {
    guard record.byteCount == Self.recordByteCount else {
      throw .wrongRecordSize(actual: record.byteCount)
    }
    guard Self.word(record, 0) == Self.recordVersion else { throw .invalidField(.version) }
    guard let height = Int(exactly: Self.word(record, 4)) else { throw .invalidField(.inputHeight) }
    guard let width = Int(exactly: Self.word(record, 8)) else { throw .invalidField(.inputWidth) }
    guard let interpolation = Interpolation(rawValue: Self.word(record, 12)) else {
      throw .invalidField(.interpolation)
    }
    for offset in stride(from: Field.reserved.recordOffset, to: Self.recordByteCount, by: 4)
    where Self.word(record, offset) != 0 {
      throw .invalidField(.reserved)
    }
    try self.init(
      inputHeight: height,
      inputWidth: width,
      cropFraction: Self.float(record, 16),
      interpolation: interpolation,
      mean: SIMD3(Self.float(record, 20), Self.float(record, 24), Self.float(record, 28)),
      standardDeviation: SIMD3(Self.float(record, 32), Self.float(record, 36), Self.float(record, 40)))
  }

  /// Writes the record into exactly `recordByteCount` bytes.
  public func encode(into record: inout MutableRawSpan) throws(PreprocessingError) {
    guard record.byteCount == Self.recordByteCount else {
      throw .wrongRecordSize(actual: record.byteCount)
    }
    for offset in stride(from: Field.reserved.recordOffset, to: Self.recordByteCount, by: 4) {
      Self.store(0, in: &record, offset)
    }
    Self.store(Self.recordVersion, in: &record, 0)
    Self.store(UInt32(truncatingIfNeeded: inputHeight), in: &record, 4)
    Self.store(UInt32(truncatingIfNeeded: inputWidth), in: &record, 8)
    Self.store(interpolation.rawValue, in: &record, 12)
    Self.store(cropFraction.bitPattern, in: &record, 16)
    for channel in 0..<3 {
      Self.store(mean[channel].bitPattern, in: &record, 20 + 4 * channel)
      Self.store(standardDeviation[channel].bitPattern, in: &record, 32 + 4 * channel)
    }
  }

  private typealias Field = PreprocessingError.Field

  private static func word(_ record: RawSpan, _ offset: Int) -> UInt32 {
    // Every bit pattern is a UInt32, and the span checks the bounds.
    UInt32(littleEndian: unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  private static func float(_ record: RawSpan, _ offset: Int) -> Float {
    Float(bitPattern: word(record, offset))
  }

  private static func store(_ value: UInt32, in record: inout MutableRawSpan, _ offset: Int) {
    record.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
  }
}
