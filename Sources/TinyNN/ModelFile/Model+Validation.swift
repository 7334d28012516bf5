// The checked reader. The order of the checks is the order of trust: container, tables, tensors, operators, plan.
extension Model {
  /// Opens a file in memory and checks all of it: container, checksum, every record, every operator's operands, and that
  /// the plan never lets two living tensors overlap.
  ///
  /// `bytes` starts at a multiple of 64 (a mapped file does), stays alive and unchanged as long as the model and anything
  /// made from it is used. Cost: one pass over the bytes for the checksum, and quadratic in the number of tensors.
  public init(validating bytes: ByteRegion) throws(ModelError) {
    self.init(unchecked: bytes)
    try checkContainer()
    try checkTables()
    try checkInterface()
    for tensor in 0..<tensorCount { try checkTensor(tensor) }
    try checkInterfaceTypes()
    for index in 0..<operatorCount { try checkOperator(index) }
    try checkPlan()
  }

  private mutating func checkContainer() throws(ModelError) {
    guard bytes.isAligned(to: Format.alignment) else { throw ModelError(.misaligned, needed: Format.alignment) }
    guard bytes.count >= Format.headerByteCount else {
      // A file that starts like ours is named truncated, anything else is not ours.
      guard bytes.count >= 8, bytes.load(UInt64.self, at: 0) != Format.magic else {
        throw ModelError(.truncated, at: bytes.count, found: bytes.count, needed: Format.headerByteCount)
      }
      throw ModelError(.wrongMagic)
    }
    guard bytes.load(UInt64.self, at: 0) == Format.magic else { throw ModelError(.wrongMagic) }
    guard bytes.word(8) == Format.version || bytes.word(8) == Format.extendedVersion else {
      throw ModelError(.wrongVersion, at: 8, found: bytes.index(8), needed: Int(Format.extendedVersion))
    }
    let length = bytes.size(16)
    guard length <= bytes.count else { throw ModelError(.truncated, at: bytes.count, found: bytes.count, needed: length) }
    guard length == bytes.count else { throw ModelError(.wrongLength, at: 16, found: bytes.count, needed: length) }
    guard Checksum.ofFile(bytes) == bytes.load(UInt64.self, at: 24) else { throw ModelError(.wrongChecksum, at: 24) }

    let sectionCount = bytes.index(12)
    guard sectionCount <= Format.maximumSectionCount,
      bytes.contains(Format.headerByteCount, sectionCount * Format.sectionEntryByteCount)
    else { throw ModelError(.sectionOutOfBounds, at: 12, found: sectionCount, needed: Format.maximumSectionCount) }
    for index in 0..<sectionCount {
      let entry = Model.entryOffset(index)
      // Kinds from later versions that this reader does not know are skipped: they never change the meaning of others.
      guard let kind = SectionKind(rawValue: bytes.word(entry)) else { continue }
      guard kind != .unlabelled || bytes.word(8) == Format.extendedVersion else {
        throw ModelError(.wrongVersion, at: 8, found: bytes.index(8), needed: Int(Format.extendedVersion))
      }
      guard !self[kind].isPresent else { throw ModelError(.sectionRepeated, at: entry, found: Int(kind.rawValue)) }
      let (offset, byteCount) = (bytes.size(entry + 8), bytes.size(entry + 16))
      guard bytes.contains(offset, byteCount) else {
        throw ModelError(.sectionOutOfBounds, at: entry, found: Int(kind.rawValue), needed: bytes.count)
      }
      guard offset % Format.alignment == 0 else {
        throw ModelError(.misaligned, at: entry, found: offset, needed: Format.alignment)
      }
      setEntry(of: kind, index)
    }
  }

  private mutating func checkTables() throws(ModelError) {
    tensorCount = try recordCount(.tensors, Format.tensorRecordByteCount)
    operatorCount = try recordCount(.operators, Format.operatorRecordByteCount)
    _ = try recordCount(.operands, 4)
    _ = try recordCount(.attributes, 4)
    _ = try recordCount(.names, 1)
    _ = try recordCount(.weights, 1)
    let planByteCount = try recordCount(.plan, 1)
    guard planByteCount == Format.planHeaderByteCount + tensorCount * Format.planRecordByteCount else {
      throw ModelError(
        .sectionWrongSize, at: self[.plan].offset, found: planByteCount,
        needed: Format.planHeaderByteCount + tensorCount * Format.planRecordByteCount)
    }
  }

  private func recordCount(_ kind: SectionKind, _ byteCount: Int) throws(ModelError) -> Int {
    guard self[kind].isPresent else { throw ModelError(.sectionMissing, at: Format.headerByteCount, needed: Int(kind.rawValue)) }
    guard self[kind].byteCount % byteCount == 0 else {
      throw ModelError(.sectionWrongSize, at: self[kind].offset, found: self[kind].byteCount, needed: byteCount)
    }
    return self[kind].byteCount / byteCount
  }

  private mutating func checkInterface() throws(ModelError) {
    let byteCount = try recordCount(.interface, 4) * 4
    let offset = self[.interface].offset
    guard byteCount >= Format.interfaceHeaderByteCount else {
      throw ModelError(.sectionWrongSize, at: offset, found: byteCount, needed: Format.interfaceHeaderByteCount)
    }
    (inputCount, outputCount) = (bytes.index(offset), bytes.index(offset + 4))
    guard inputCount >= 1, outputCount >= 1, inputCount <= tensorCount, outputCount <= tensorCount,
      byteCount == Format.interfaceHeaderByteCount + 4 * (inputCount + outputCount)
    else { throw ModelError(.sectionWrongSize, at: offset, found: byteCount) }
    for index in 0..<inputCount + outputCount {
      guard input(index) < tensorCount else {
        throw ModelError(
          .operandOutOfBounds, at: offset + Format.interfaceHeaderByteCount + 4 * index, found: input(index), needed: tensorCount)
      }
    }
  }

  /// Callers fill inputs as float32 or int8 and read outputs as float32. Builds without float kernels take int8 inputs only.
  private func checkInterfaceTypes() throws(ModelError) {
    for index in 0..<inputCount + outputCount {
      let type = tensor(input(index)).type.elementType
      guard type == .float32 && (OperatorSelection.hasFloat || index >= inputCount) || (type == .int8 && index < inputCount) else {
        throw ModelError(
          .operandTypeMismatch, at: tensorOffset(input(index)), found: Int(type.rawValue), needed: Int(ElementType.float32.rawValue)
        )
      }
    }
  }

  private func checkTensor(_ index: Int) throws(ModelError) {
    let offset = tensorOffset(index)
    try TensorRecord.check(bytes.slice(offset, Format.tensorRecordByteCount), at: offset)
    let record = tensor(index)
    try checkName(record.nameOffset, at: offset)
    let plain = record.type.shape.count.multipliedReportingOverflow(by: record.type.elementType.byteCount)
    guard !plain.overflow, record.byteCount >= plain.partialValue else {
      throw ModelError(.wrongShape, at: offset, found: record.byteCount, needed: plain.partialValue)
    }
    switch record.storage {
    case .constant:
      guard record.dataOffset % Format.alignment == 0, section(.weights).contains(record.dataOffset, record.byteCount) else {
        throw ModelError(.constantOutOfBounds, at: offset, found: record.dataOffset, needed: self[.weights].byteCount)
      }
    case .arena:
      guard record.byteCount == plain.partialValue else {
        throw ModelError(.wrongShape, at: offset, found: record.byteCount, needed: plain.partialValue)
      }
    }
  }

  private func checkName(_ nameOffset: UInt32, at offset: Int) throws(ModelError) {
    guard nameOffset != Format.none else { return }
    let names = section(.names)
    guard names.contains(Int(nameOffset), 4), names.contains(Int(nameOffset) + 4, names.index(Int(nameOffset))) else {
      throw ModelError(.nameOutOfBounds, at: offset, found: Int(nameOffset), needed: names.count)
    }
  }

  private func checkOperator(_ index: Int) throws(ModelError) {
    let record = operatorRecord(index), offset = operatorOffset(index)
    guard let kind = OperatorKind(rawValue: record.code) else {
      throw ModelError(.unknownOperator, at: offset, operator: index, found: Int(record.code))
    }
    try checkName(record.nameOffset, at: offset)
    let operandCount = record.inputCount + record.outputCount
    guard record.inputCount >= 1, record.outputCount >= 1 else {
      throw ModelError(.wrongOperandCount, at: offset, operator: index, found: operandCount, needed: 2)
    }
    let operands = section(.operands)
    guard record.firstOperand <= operands.count / 4, operandCount <= operands.count / 4 - record.firstOperand else {
      throw ModelError(.operandOutOfBounds, at: offset, operator: index, found: record.firstOperand, needed: operands.count / 4)
    }
    for position in 0..<operandCount {
      guard let tensor = operand(record, position) else {
        guard position < record.inputCount else {
          throw ModelError(.operandOutOfBounds, at: offset, operator: index, found: position)
        }
        continue
      }
      guard tensor < tensorCount else {
        throw ModelError(.operandOutOfBounds, at: offset, operator: index, found: tensor, needed: tensorCount)
      }
    }
    guard section(.attributes).contains(record.attributeOffset, record.attributeByteCount), record.attributeOffset % 4 == 0 else {
      throw ModelError(.attributesMalformed, at: offset, operator: index, found: record.attributeOffset)
    }
    let elements = operand(record, 0).map { tensor($0).type.elementType }
    guard kind.isSelected(on: elements) else {
      throw ModelError(.unknownOperator, at: offset, operator: index, found: Int(record.code))
    }
    var check = OperatorCheck(model: self, record: record)
    do { try kind.accept(&check) } catch { throw error.placed(at: offset, operator: index) }
  }
}

/// Asks an operator whether its operands in the file fit.
private struct OperatorCheck: OperatorVisitor {
  let model: Model
  let record: OperatorRecord

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) {
    var reader = AttributeReader(model.attributes(record))
    let instance = try O(decoding: &reader)
    guard reader.isAtEnd else { throw ModelError(.attributesMalformed, found: record.attributeByteCount) }
    let operands = ModelOperands(model: model, record: record)
    for index in 0..<record.outputCount {
      let computed = try instance.outputType(index, of: operands)
      guard let tensor = model.operand(record, record.inputCount + index), model.tensor(tensor).type == computed,
        model.tensor(tensor).storage == .arena
      else { throw ModelError(.resultTypeMismatch, found: index) }
    }
    for index in 0..<record.inputCount {
      guard let tensor = model.operand(record, index) else { continue }
      let stored = model.tensor(tensor)
      let packed = instance.packedByteCount(ofInput: index, of: operands)
      // A packed input cannot be computed at run time, and its bytes must be exactly what the kernel will read.
      guard packed == nil || stored.storage == .constant else { throw ModelError(.operandTypeMismatch, found: index) }
      if stored.storage == .constant {
        let needed = packed ?? stored.type.shape.count * stored.type.elementType.byteCount
        guard stored.byteCount == needed else { throw ModelError(.constantOutOfBounds, found: stored.byteCount, needed: needed) }
      }
      if stored.type.elementType == .int8, packed == nil { try checkQuantization(instance, stored.quantization) }
    }
  }

  /// An int8 operand that is not packed has one scale, which is also the output's if the operator only moves elements.
  private func checkQuantization<O: Operator>(_ instance: O, _ quantization: Quantization?) throws(ModelError) {
    guard let quantization else { throw ModelError(.quantizationMalformed) }
    guard instance.preservesQuantization, let output = model.operand(record, record.inputCount) else { return }
    guard model.tensor(output).quantization == quantization else {
      throw ModelError(.quantizationMalformed, found: output)
    }
  }
}
