/// One tensor of the file: its type, and for a constant where its bytes are.
public struct TensorRecord: Sendable {
  public enum Storage: UInt8, Sendable {
    /// In the arena, at the offset that the plan gives.
    case arena = 0
    /// In the weights section, never written.
    case constant = 1
  }

  public var type: TensorType
  public var storage: Storage
  /// Constants: from the start of the weights section.
  public var dataOffset: Int
  /// Bytes in the arena or in the file; more than the shape's for constants that are packed for a kernel.
  public var byteCount: Int
  public var nameOffset: UInt32
  /// Of an int8 tensor, but for weights, whose scales are per channel; nil for all other types.
  public var quantization: Quantization?

  private typealias Field = Format.TensorField

  /// Reads a record that `check` has accepted: runs do so for every operand, so nothing is checked again.
  init(_ record: ByteRegion) {
    let elementType = ElementType(rawValue: record.load(UInt8.self, at: Field.elementType)) ?? .float32
    var shape = Shape()
    for axis in 0..<Int(record.load(UInt8.self, at: Field.rank)) { shape.append(record.index(Field.extents + 4 * axis)) }
    type = TensorType(elementType, shape)
    storage = record.load(UInt8.self, at: Field.storage) == Storage.arena.rawValue ? .arena : .constant
    nameOffset = record.word(Field.name)
    dataOffset = record.size(Field.dataOffset)
    byteCount = record.size(Field.byteCount)
    if TensorRecord.hasMap(record, elementType, storage) { quantization = TensorRecord.map(record) }
  }

  /// Throws where the fields of a record contradict each other or the format. Precondition: its bytes are inside the region.
  static func check(_ record: ByteRegion, at offset: Int) throws(ModelError) {
    guard let elementType = ElementType(rawValue: record.load(UInt8.self, at: Field.elementType)) else {
      throw ModelError(.unknownElementType, at: offset, found: Int(record.load(UInt8.self, at: Field.elementType)))
    }
    guard let storage = Storage(rawValue: record.load(UInt8.self, at: Field.storage)) else {
      throw ModelError(.wrongShape, at: offset, found: Int(record.load(UInt8.self, at: Field.storage)))
    }
    let rank = Int(record.load(UInt8.self, at: Field.rank))
    guard rank <= Shape.maximumRank else { throw ModelError(.wrongShape, at: offset, found: rank, needed: Shape.maximumRank) }
    var shape = Shape()
    for axis in 0..<rank {
      let extent = record.word(Field.extents + 4 * axis)
      guard extent >= 1, extent <= UInt32(Int32.max) else { throw ModelError(.wrongShape, at: offset, found: axis) }
      shape.append(Int(extent))
    }
    guard shape.isValid else { throw ModelError(.wrongShape, at: offset) }
    guard hasMap(record, elementType, storage) else { return }
    guard elementType == .int8, map(record).isValid else {
      throw ModelError(
        .quantizationMalformed, at: offset, found: Int(map(record).zeroPoint), needed: Int(ElementType.int8.rawValue))
    }
  }

  /// A tensor without a map has zeros; every int8 tensor that is computed has one.
  private static func hasMap(_ record: ByteRegion, _ elementType: ElementType, _ storage: Storage) -> Bool {
    record.word(Field.scale) != 0 || record.word(Field.zeroPoint) != 0 || (elementType == .int8 && storage == .arena)
  }

  private static func map(_ record: ByteRegion) -> Quantization {
    Quantization(scale: record.load(Float.self, at: Field.scale), zeroPoint: record.load(Int32.self, at: Field.zeroPoint))
  }
}

/// One operator of the file: its kind, where its operand list and its attributes are.
public struct OperatorRecord: Sendable {
  /// Of the operator's kind; a checked file has no unknown ones.
  public var code: UInt16
  public var inputCount: Int
  public var outputCount: Int
  public var firstOperand: Int
  public var attributeOffset: Int
  public var attributeByteCount: Int
  public var nameOffset: UInt32

  /// Reads a record. Precondition: its bytes are inside the region.
  init(_ record: ByteRegion) {
    code = record.load(UInt16.self, at: 0)
    inputCount = Int(record.load(UInt16.self, at: 4))
    outputCount = Int(record.load(UInt16.self, at: 6))
    firstOperand = record.index(8)
    attributeOffset = record.index(12)
    attributeByteCount = record.index(16)
    nameOffset = record.word(20)
  }
}

/// Where a tensor lives in the arena, and when: from operator `first` (which writes it; 0 for an input of the network)
/// to operator `last` (which reads it last; the operator count for an output of the network).
public struct Placement: Sendable {
  public var offset: Int
  public var first: Int
  public var last: Int

  public init(offset: Int, first: Int, last: Int) {
    self.offset = offset
    self.first = first
    self.last = last
  }
}
