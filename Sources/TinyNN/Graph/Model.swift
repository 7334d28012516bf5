/// A checked view of a .tnn file: typed access to its tensors and operators; nothing is copied.
///
/// Every check of the file happens in `init(validating:)` (ModelFile/Model+Validation.swift); the accessors afterwards
/// only repeat loads that it has made.
public struct Model: Sendable {
  struct Section {
    var offset = 0
    var byteCount = 0
    var isPresent = false
  }

  public let bytes: ByteRegion
  /// 1 + the number of each kind's entry in the section table, 0 if the file has none. A model is copied for every operator that
  /// runs, so it keeps no more.
  private var entries = InlineArray<24, UInt8>(repeating: 0)
  public internal(set) var tensorCount = 0
  public internal(set) var operatorCount = 0
  public internal(set) var inputCount = 0
  public internal(set) var outputCount = 0

  init(unchecked bytes: ByteRegion) { self.bytes = bytes }

  /// The section's place, not present if the file has none.
  subscript(kind: SectionKind) -> Section {
    let number = Int(entries[Int(kind.rawValue)])
    guard number > 0 else { return Section() }
    let entry = Model.entryOffset(number - 1)
    return Section(offset: bytes.size(entry + 8), byteCount: bytes.size(entry + 16), isPresent: true)
  }

  /// Bytes from the start of the file to entry `index` of the section table.
  static func entryOffset(_ index: Int) -> Int { Format.headerByteCount + index * Format.sectionEntryByteCount }

  /// Entry `index` of the section table is the kind's.
  mutating func setEntry(of kind: SectionKind, _ index: Int) { entries[Int(kind.rawValue)] = UInt8(truncatingIfNeeded: index + 1) }

  /// The bytes of a section, empty if the file has none.
  public func section(_ kind: SectionKind) -> ByteRegion { bytes.slice(self[kind].offset, self[kind].byteCount) }
  public func has(_ kind: SectionKind) -> Bool { self[kind].isPresent }

  /// The checksum that the header states and that the file was checked against.
  public var checksum: UInt64 { bytes.load(UInt64.self, at: 24) }

  /// Bytes from the start of the file to a section that it has.
  private func start(_ kind: SectionKind) -> Int { bytes.size(Model.entryOffset(Int(entries[Int(kind.rawValue)]) - 1) + 8) }

  func tensorOffset(_ index: Int) -> Int { start(.tensors) + index * Format.tensorRecordByteCount }
  func operatorOffset(_ index: Int) -> Int { start(.operators) + index * Format.operatorRecordByteCount }

  /// Tensor `index`, in the order of the file.
  public func tensor(_ index: Int) -> TensorRecord {
    TensorRecord(bytes.slice(tensorOffset(index), Format.tensorRecordByteCount))
  }

  /// Operator `index`, in execution order.
  public func operatorRecord(_ index: Int) -> OperatorRecord {
    OperatorRecord(bytes.slice(operatorOffset(index), Format.operatorRecordByteCount))
  }

  /// Tensor index of operand `position` of an operator (inputs first, then outputs), or nil where an input is left out.
  public func operand(_ record: OperatorRecord, _ position: Int) -> Int? {
    let index = bytes.word(start(.operands) + 4 * (record.firstOperand + position))
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
    bytes.slice(start(.attributes) + record.attributeOffset, record.attributeByteCount)
  }

  /// Tensor index of input `index` of the network.
  public func input(_ index: Int) -> Int { bytes.index(start(.interface) + Format.interfaceHeaderByteCount + 4 * index) }

  /// Tensor index of output `index` of the network; output 0 is the embedding.
  public func output(_ index: Int) -> Int { input(inputCount + index) }

  public func placement(_ tensor: Int) -> Placement {
    let offset = start(.plan) + Format.planHeaderByteCount + tensor * Format.planRecordByteCount
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
