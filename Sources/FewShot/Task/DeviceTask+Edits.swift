public import TinyNN

// Classes stand in ascending order of their names' bytes and examples in ascending order of (class, identifier), as in the
// file, so that the same knowledge is the same bytes whatever the order in which it came.
extension DeviceTask {
  /// Adds an example to a class, which is made if it is not there. `embedding` is as the network gives it.
  public mutating func add(_ embedding: Embedding, identifier: UInt64, to name: ByteRegion) throws(DeviceTaskError) {
    try check(name)
    guard embedding.count == layout.dimension else { throw .tooLarge }
    let place = self.place(of: identifier, in: name)
    guard !place.isThere else { throw .exampleExists }
    guard place.isKnownClass || classCount < layout.classCapacity else { throw .tooManyClasses }
    guard exampleCount < layout.exampleCapacity else { throw .tooManyExamples }
    let row = spareRow
    let length = normalized(embedding, into: row)
    guard length.isFinite else { throw .notFinite }
    beginEdit()
    insert(row.embedding, length: length, identifier: identifier, to: name, at: place)
  }

  /// Where an example of a class belongs.
  struct Place {
    var classIndex: Int
    var isKnownClass: Bool
    /// Among the examples of all classes.
    var example: Int
    var isThere = false
  }

  func place(of identifier: UInt64, in name: ByteRegion) -> Place {
    let known = position(of: name)
    var place = Place(classIndex: known.index, isKnownClass: known.found, example: first(ofClass: known.index))
    guard known.found else { return place }
    while place.example < exampleCount, label(place.example) == known.index, self.identifier(place.example) <= identifier {
      if self.identifier(place.example) == identifier {
        place.isThere = true
        return place
      }
      place.example += 1
    }
    return place
  }

  /// Inserts an example of length 1, for which there is room. It lies elsewhere than the task's own.
  mutating func insert(_ row: Embedding, length: Float, identifier: UInt64, to name: ByteRegion, at place: Place) {
    if !place.isKnownClass { insertClass(name, at: place.classIndex) }
    moveExamples(from: place.example, to: place.example + 1)
    exampleCount += 1
    let records = self.records, rows = self.rows, start = place.example * SectionLayout.exampleRecordByteCount
    records.store(UInt32(truncatingIfNeeded: place.classIndex), at: start)
    records.store(length, at: start + 4)
    records.store(identifier, at: start + 8)
    for column in 0..<layout.dimension { rows[place.example * layout.dimension + column] = row[column] }
  }

  /// Removes a class and its examples.
  public mutating func remove(_ name: ByteRegion) throws(DeviceTaskError) {
    let place = position(of: name)
    guard place.found else { throw .noSuchClass }
    guard classCount > 2 else { throw .tooFewClasses }
    beginEdit()
    let first = self.first(ofClass: place.index), end = self.first(ofClass: place.index + 1)
    moveExamples(from: end, to: first)
    exampleCount -= end - first
    for index in first..<exampleCount { setLabel(index, label(index) - 1) }
    for index in place.index + 1..<classCount { setName(index - 1, self.name(index)) }
    classCount -= 1
  }

  /// Renames a class: its examples move to the place of the new name.
  public mutating func rename(_ old: ByteRegion, to new: ByteRegion) throws(DeviceTaskError) {
    let source = position(of: old)
    guard source.found else { throw .noSuchClass }
    try check(new)
    let target = position(of: new)
    guard !target.found || target.index == source.index else { throw .classExists }
    if target.found { return }
    beginEdit()
    // Neighbours are exchanged until the class has its place.
    var index = source.index
    setName(index, new)
    while index > 0, precedes(name(index), name(index - 1)) {
      exchange(index - 1)
      index -= 1
    }
    while index + 1 < classCount, precedes(name(index + 1), name(index)) {
      exchange(index)
      index += 1
    }
  }

  // MARK: Names

  /// The UTF-8 bytes of a class's name; a zero byte follows them.
  public func name(_ index: Int) -> ByteRegion {
    let bytes = self.bytes(layout.names + index * DeviceTaskLayout.nameByteCount, DeviceTaskLayout.nameByteCount)
    var length = 0
    while length < TaskLimits.nameByteCount, bytes[length] != 0 { length += 1 }
    return bytes.region(length)
  }

  package func setName(_ index: Int, _ name: ByteRegion) {
    let bytes = self.bytes(layout.names + index * DeviceTaskLayout.nameByteCount, DeviceTaskLayout.nameByteCount)
    for position in 0..<bytes.count { bytes[position] = position < name.count ? name.load(UInt8.self, at: position) : 0 }
  }

  private func check(_ name: ByteRegion) throws(DeviceTaskError) {
    guard name.count >= 1, name.count <= TaskLimits.nameByteCount else { throw .badName }
    for position in 0..<name.count where !ClassesView.isAllowed(name.load(UInt8.self, at: position)) { throw .badName }
  }

  /// The index of the class, or of the first one after it.
  private func position(of name: ByteRegion) -> (index: Int, found: Bool) {
    var index = 0
    while index < classCount, precedes(self.name(index), name) { index += 1 }
    return (index, index < classCount && !precedes(name, self.name(index)))
  }

  private func precedes(_ a: ByteRegion, _ b: ByteRegion) -> Bool {
    for position in 0..<min(a.count, b.count) {
      let (x, y) = (a.load(UInt8.self, at: position), b.load(UInt8.self, at: position))
      if x != y { return x < y }
    }
    return a.count < b.count
  }

  private mutating func insertClass(_ name: ByteRegion, at index: Int) {
    var last = classCount
    while last > index {
      setName(last, self.name(last - 1))
      last -= 1
    }
    setName(index, name)
    classCount += 1
    for example in 0..<exampleCount where label(example) >= index { setLabel(example, label(example) + 1) }
  }

  // MARK: Examples

  package func label(_ index: Int) -> Int {
    Int(truncatingIfNeeded: records.region.word(index * SectionLayout.exampleRecordByteCount))
  }

  private func setLabel(_ index: Int, _ label: Int) {
    records.store(UInt32(truncatingIfNeeded: label), at: index * SectionLayout.exampleRecordByteCount)
  }

  public func identifier(_ index: Int) -> UInt64 {
    records.region.load(UInt64.self, at: index * SectionLayout.exampleRecordByteCount + 8)
  }

  /// The first example of a class or of those after it.
  private func first(ofClass index: Int) -> Int {
    var first = 0
    while first < exampleCount, label(first) < index { first += 1 }
    return first
  }

  /// Moves the examples from `source` on.
  private func moveExamples(from source: Int, to target: Int) {
    let record = SectionLayout.exampleRecordByteCount, row = 4 * layout.dimension, count = exampleCount - source
    let records = self.records
    records.copy(records.region.slice(source * record, count * record), to: target * record)
    let rows = bytes(layout.rows, layout.exampleCapacity * row)
    rows.copy(rows.region.slice(source * row, count * row), to: target * row)
  }

  /// Exchanges the neighbours `index` and `index + 1` with their examples.
  private func exchange(_ index: Int) {
    var name = InlineArray<256, UInt8>(repeating: 0)
    let first = bytes(layout.names + index * DeviceTaskLayout.nameByteCount, DeviceTaskLayout.nameByteCount)
    for position in 0..<first.count { name[position] = first[position] }
    setName(index, self.name(index + 1))
    let second = bytes(layout.names + (index + 1) * DeviceTaskLayout.nameByteCount, DeviceTaskLayout.nameByteCount)
    for position in 0..<second.count { second[position] = name[position] }
    let start = self.first(ofClass: index), middle = self.first(ofClass: index + 1), end = self.first(ofClass: index + 2)
    for example in start..<end { setLabel(example, label(example) == index ? index + 1 : index) }
    // Rotation by three reversals.
    reverse(start, middle)
    reverse(middle, end)
    reverse(start, end)
  }

  private func reverse(_ start: Int, _ end: Int) {
    var (low, high) = (start, end - 1)
    let records = self.records, rows = self.rows, d = layout.dimension
    while low < high {
      for byte in 0..<SectionLayout.exampleRecordByteCount {
        let (a, b) = (low * SectionLayout.exampleRecordByteCount + byte, high * SectionLayout.exampleRecordByteCount + byte)
        (records[a], records[b]) = (records[b], records[a])
      }
      for column in 0..<d { (rows[low * d + column], rows[high * d + column]) = (rows[high * d + column], rows[low * d + column]) }
      low += 1
      high -= 1
    }
  }
}
