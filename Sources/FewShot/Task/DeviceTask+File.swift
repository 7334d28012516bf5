public import TinyNN

extension DeviceTask {
  /// Bytes of the file that `write` would write now.
  public func fileByteCount() throws(DeviceTaskError) -> Int {
    if case .file = head { return model.bytes.count }
    return try assemble(into: nil)
  }

  /// Writes a self-contained task file: the encoder's sections unchanged, then classes, examples, head; or the file as it was,
  /// where nothing was edited.
  /// - Parameter target: at least `fileByteCount` bytes; must not overlap the model's.
  public func write(into target: Elements<UInt8>) throws(DeviceTaskError) -> Int {
    let needed = try fileByteCount()
    guard target.count >= needed else { throw .memoryTooSmall }
    if case .file = head {
      target.copy(model.bytes, to: 0)
      return needed
    }
    return try assemble(into: target)
  }

  private func assemble(into target: Elements<UInt8>?) throws(DeviceTaskError) -> Int {
    guard case .learned(let calibration) = head else { throw .notLearned }
    let propagated = unlabelled?.section
    var file = FileAssembly(
      sectionCount: model.sectionCount(except: .task) + (propagated == nil ? 3 : 4), into: target)
    file.copySections(of: model, except: .task)
    var nameBytes = 0
    for index in 0..<classCount { nameBytes += name(index).count }
    let classes = file.add(
      .classes, byteCount: SectionLayout.headerByteCount + classCount * SectionLayout.nameRecordByteCount + nameBytes)
    let recordsEnd = SectionLayout.headerByteCount + exampleCount * SectionLayout.exampleRecordByteCount
    let rowBytes = 4 * layout.dimension
    let examples = file.add(.examples, byteCount: Format.aligned(recordsEnd) + exampleCount * rowBytes)
    let headStart = file.add(.head, byteCount: SectionLayout.wideHeaderByteCount + classCount * rowBytes)
    let unlabelledStart = propagated.map { file.add(.unlabelled, byteCount: $0.count) }
    guard let target else { return file.byteCount }
    writeClasses(to: target, at: classes, nameBytes)
    target.store(SectionLayout.version, at: examples)
    target.store(UInt32(truncatingIfNeeded: layout.dimension), at: examples + 4)
    target.store(UInt32(truncatingIfNeeded: exampleCount), at: examples + 8)
    target.copy(
      records.region.slice(0, exampleCount * SectionLayout.exampleRecordByteCount), to: examples + SectionLayout.headerByteCount)
    target.copy(bytes(layout.rows, exampleCount * rowBytes).region, to: examples + Format.aligned(recordsEnd))
    HeadHeader(
      .prototype, isChosen: false, features: .plain, calibration: calibration, classCount: classCount, dimension: layout.dimension
    ).write(to: target, at: headStart)
    target.copy(bytes(layout.prototypes, classCount * rowBytes).region, to: headStart + SectionLayout.wideHeaderByteCount)
    if let propagated, let unlabelledStart { target.copy(propagated, to: unlabelledStart) }
    file.seal()
    return file.byteCount
  }

  private func writeClasses(to target: Elements<UInt8>, at start: Int, _ nameBytes: Int) {
    target.store(SectionLayout.version, at: start)
    target.store(UInt32(truncatingIfNeeded: classCount), at: start + 4)
    target.store(UInt32(truncatingIfNeeded: nameBytes), at: start + 8)
    let names = start + SectionLayout.headerByteCount + classCount * SectionLayout.nameRecordByteCount
    var end = 0
    for index in 0..<classCount {
      let name = self.name(index), record = start + SectionLayout.headerByteCount + index * SectionLayout.nameRecordByteCount
      target.store(UInt32(truncatingIfNeeded: end), at: record)
      target.store(UInt32(truncatingIfNeeded: name.count), at: record + 4)
      target.copy(name, to: names + end)
      end += name.count
    }
  }
}
