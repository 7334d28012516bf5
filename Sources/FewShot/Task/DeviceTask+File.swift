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
    if case .none = head { throw .notLearned }
    let propagated = unlabelled?.section, past = history.flatMap { $0.count > 0 ? $0 : nil }
    var file = FileAssembly(
      sectionCount: model.sectionCount(except: .task) + 3 + (propagated == nil ? 0 : 1) + (past == nil ? 0 : 1), into: target)
    file.copySections(of: model, except: .task)
    let classes = file.add(.classes, byteCount: classesByteCount)
    let examples = file.add(.examples, byteCount: examplesByteCount)
    let headStart = file.add(.head, byteCount: headByteCount)
    let pastStart = past.map { file.add(.history, byteCount: $0.sectionByteCount) }
    let unlabelledStart = propagated.map { file.add(.unlabelled, byteCount: $0.count) }
    guard let target else { return file.byteCount }
    writeClasses(to: target, at: classes)
    writeExamples(to: target, at: examples)
    writeHead(to: target, at: headStart)
    if let past, let pastStart { past.write(to: target, at: pastStart) }
    if let propagated, let unlabelledStart { target.copy(propagated, to: unlabelledStart) }
    file.seal()
    return file.byteCount
  }

  private var headByteCount: Int {
    if case .fitted(_, let section) = head { return section.count }
    return SectionLayout.wideHeaderByteCount + 4 * classCount * layout.dimension
  }

  private func writeHead(to target: Elements<UInt8>, at start: Int) {
    switch head {
    case .none, .file: break
    case .fitted(_, let section): target.copy(section, to: start)
    case .learned(let calibration):
      HeadHeader(
        .prototype, isChosen: false, features: .plain, calibration: calibration, classCount: classCount,
        dimension: layout.dimension
      ).write(to: target, at: start)
      target.copy(
        bytes(layout.prototypes, 4 * classCount * layout.dimension).region, to: start + SectionLayout.wideHeaderByteCount)
    }
  }

  // MARK: Classes and examples

  private var nameByteCount: Int {
    var count = 0
    for index in 0..<classCount { count += name(index).count }
    return count
  }

  /// Bytes of their section.
  var classesByteCount: Int {
    SectionLayout.headerByteCount + classCount * SectionLayout.nameRecordByteCount + nameByteCount
  }

  /// Bytes of their section.
  var examplesByteCount: Int { Format.aligned(recordsEnd) + exampleCount * 4 * layout.dimension }

  private var recordsEnd: Int { SectionLayout.headerByteCount + exampleCount * SectionLayout.exampleRecordByteCount }

  /// `target` has zeros there.
  func writeClasses(to target: Elements<UInt8>, at start: Int) {
    target.store(SectionLayout.version, at: start)
    target.store(UInt32(truncatingIfNeeded: classCount), at: start + 4)
    target.store(UInt32(truncatingIfNeeded: nameByteCount), at: start + 8)
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

  /// `target` has zeros there.
  func writeExamples(to target: Elements<UInt8>, at start: Int) {
    target.store(SectionLayout.version, at: start)
    target.store(UInt32(truncatingIfNeeded: layout.dimension), at: start + 4)
    target.store(UInt32(truncatingIfNeeded: exampleCount), at: start + 8)
    target.copy(
      records.region.slice(0, exampleCount * SectionLayout.exampleRecordByteCount), to: start + SectionLayout.headerByteCount)
    target.copy(
      bytes(layout.rows, exampleCount * 4 * layout.dimension).region, to: start + Format.aligned(recordsEnd))
  }
}
