/// A checked view of a .tnn file: typed access to its tensors and operators; nothing is copied.
///
/// Every check of the file happens in `init(validating:)` (ModelFile/Model+Validation.swift); the accessors afterwards
/// only repeat loads that it has made.
public struct Model: Sendable {
  struct Section: Sendable {
    var offset = 0
    var byteCount = 0
    var isPresent = false
  }

  public let bytes: ByteRegion
  private var sections = InlineArray<24, Section>(repeating: Section())
  public internal(set) var tensorCount = 0
  public internal(set) var operatorCount = 0
  public internal(set) var inputCount = 0
  public internal(set) var outputCount = 0

  init(unchecked bytes: ByteRegion) { self.bytes = bytes }

  /// The section's place, not present if the file has none.
  subscript(kind: SectionKind) -> Section {
    get { sections[Int(kind.rawValue)] }
    set { sections[Int(kind.rawValue)] = newValue }
  }

  /// The bytes of a section, empty if the file has none.
  public func section(_ kind: SectionKind) -> ByteRegion { bytes.slice(self[kind].offset, self[kind].byteCount) }
  public func has(_ kind: SectionKind) -> Bool { self[kind].isPresent }

  /// The checksum that the header states and that the file was checked against.
  public var checksum: UInt64 { bytes.load(UInt64.self, at: 24) }

  func tensorOffset(_ index: Int) -> Int { self[.tensors].offset + index * Format.tensorRecordByteCount }
  func operatorOffset(_ index: Int) -> Int { self[.operators].offset + index * Format.operatorRecordByteCount }

  func checkedTensor(_ index: Int) throws(ModelError) -> TensorRecord {
    let offset = tensorOffset(index)
    return try TensorRecord(bytes.slice(offset, Format.tensorRecordByteCount), at: offset)
  }

  /// Tensor `index`, in the order of the file.
  public func tensor(_ index: Int) -> TensorRecord {
    do { return try checkedTensor(index) } catch { preconditionFailure("the file changed after it was checked") }
  }

  /// Operator `index`, in execution order.
  public func operatorRecord(_ index: Int) -> OperatorRecord {
    OperatorRecord(bytes.slice(operatorOffset(index), Format.operatorRecordByteCount))
  }

  /// Tensor index of operand `position` of an operator (inputs first, then outputs), or nil where an input is left out.
  public func operand(_ record: OperatorRecord, _ position: Int) -> Int? {
    let index = bytes.word(self[.operands].offset + 4 * (record.firstOperand + position))
    return index == Format.none ? nil : Int(index)
  }

  /// True if another operator reads the same weights (input 1), as the stripes of a stage do: they cannot change for one alone.
  public func sharesWeights(ofOperator index: Int) -> Bool {
    guard let weights = operand(operatorRecord(index), 1), tensor(weights).storage == .constant else { return false }
    for other in 0..<operatorCount where other != index {
      if operand(operatorRecord(other), 1) == weights { return true }
    }
    return false
  }

  public func attributes(_ record: OperatorRecord) -> ByteRegion {
    bytes.slice(self[.attributes].offset + record.attributeOffset, record.attributeByteCount)
  }

  /// Tensor index of input `index` of the network.
  public func input(_ index: Int) -> Int { bytes.index(self[.interface].offset + Format.interfaceHeaderByteCount + 4 * index) }

  /// Tensor index of output `index` of the network; output 0 is the embedding.
  public func output(_ index: Int) -> Int { input(inputCount + index) }

  public func placement(_ tensor: Int) -> Placement {
    let offset = self[.plan].offset + Format.planHeaderByteCount + tensor * Format.planRecordByteCount
    return Placement(offset: bytes.size(offset), first: bytes.index(offset + 8), last: bytes.index(offset + 12))
  }

  /// Bytes of the arena that hold tensors, the same on every target.
  public var activationByteCount: Int { bytes.size(self[.plan].offset) }

  /// Bytes of the weights section.
  public var weightByteCount: Int { self[.weights].byteCount }

  /// The UTF-8 bytes of a name, empty for none.
  public func name(at offset: UInt32) -> ByteRegion {
    if offset == Format.none { return bytes.slice(0, 0) }
    let start = self[.names].offset + Int(offset)
    return bytes.slice(start + 4, bytes.index(start))
  }
}

/// The operands of one operator of a model.
public struct ModelOperands: OperandTypes {
  let model: Model
  let record: OperatorRecord

  public var inputCount: Int { record.inputCount }

  public func inputType(_ index: Int) -> TensorType? {
    guard index < record.inputCount, let tensor = model.operand(record, index) else { return nil }
    return model.tensor(tensor).type
  }
}

extension Model {
  /// Bytes from the start of the file to the section, 0 if the file has none.
  public func offset(of kind: SectionKind) -> Int { self[kind].offset }
}
