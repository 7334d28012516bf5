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

  /// Reads a record. Precondition: its bytes are inside the region.
  init(_ record: ByteRegion, at offset: Int) throws(ModelError) {
    guard let elementType = ElementType(rawValue: record.load(UInt8.self, at: 0)) else {
      throw ModelError(.unknownElementType, at: offset, found: Int(record.load(UInt8.self, at: 0)))
    }
    guard let storage = Storage(rawValue: record.load(UInt8.self, at: 1)) else {
      throw ModelError(.wrongShape, at: offset, found: Int(record.load(UInt8.self, at: 1)))
    }
    let rank = Int(record.load(UInt8.self, at: 2))
    guard rank <= Shape.maximumRank else { throw ModelError(.wrongShape, at: offset, found: rank, needed: Shape.maximumRank) }
    var shape = Shape()
    for axis in 0..<rank {
      let extent = record.word(8 + 4 * axis)
      guard extent >= 1, extent <= UInt32(Int32.max) else { throw ModelError(.wrongShape, at: offset, found: axis) }
      shape.append(Int(extent))
    }
    guard shape.isValid else { throw ModelError(.wrongShape, at: offset) }
    type = TensorType(elementType, shape)
    self.storage = storage
    nameOffset = record.word(4)
    dataOffset = record.size(32)
    byteCount = record.size(40)
    // A tensor without a map has zeros; every int8 tensor that is computed has one.
    if record.word(48) != 0 || record.word(52) != 0 || (elementType == .int8 && storage == .arena) {
      let map = Quantization(scale: record.load(Float.self, at: 48), zeroPoint: record.load(Int32.self, at: 52))
      guard elementType == .int8, map.isValid else {
        throw ModelError(.quantizationMalformed, at: offset, found: Int(map.zeroPoint), needed: Int(ElementType.int8.rawValue))
      }
      quantization = map
    }
  }
}

/// One operator of the file: its kind, where its operand list and its attributes are.
public struct OperatorRecord: Sendable {
  public var kind: OperatorKind
  public var inputCount: Int
  public var outputCount: Int
  public var firstOperand: Int
  public var attributeOffset: Int
  public var attributeByteCount: Int
  public var nameOffset: UInt32

  /// Reads a record. Precondition: its bytes are inside the region.
  init(_ record: ByteRegion, at offset: Int, operator index: Int) throws(ModelError) {
    let code = record.load(UInt16.self, at: 0)
    guard let kind = OperatorKind(rawValue: code) else {
      throw ModelError(.unknownOperator, at: offset, operator: index, found: Int(code))
    }
    self.kind = kind
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
