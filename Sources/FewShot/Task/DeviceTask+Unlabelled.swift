import TinyNN

// Photos without labels have memory of their own, so that a task without them needs none for them.
extension DeviceTask {
  /// Bytes of memory for so many photos without labels, and for learning with them.
  public func unlabelledByteCount(_ capacity: Int) throws(DeviceTaskError) -> Int {
    try unlabelledLayout(capacity).byteCount
  }

  private func unlabelledLayout(_ capacity: Int) throws(DeviceTaskError) -> DeviceUnlabelled.Layout {
    guard capacity >= 1, capacity <= TaskLimits.unlabelledCount else { throw .tooManyUnlabelled }
    guard
      let layout = DeviceUnlabelled.Layout(
        capacity: capacity, classes: self.layout.classCapacity, examples: self.layout.exampleCapacity,
        dimension: self.layout.dimension, background: statistics?.backgroundCount ?? 0)
    else { throw .tooLarge }
    return layout
  }

  /// Gives the task memory for photos without labels, and takes those of its file. Precondition: it is given once, as
  /// `unlabelledByteCount` bytes at a multiple of 64, used by nobody else while the task lives.
  @unsafe public mutating func reserveUnlabelled(
    _ capacity: Int, memory: UnsafeMutableRawBufferPointer
  ) throws(DeviceTaskError) {
    let layout = try unlabelledLayout(capacity)
    guard memory.count >= layout.byteCount, let base = memory.baseAddress else { throw .memoryTooSmall }
    guard UInt(bitPattern: base) % UInt(Format.alignment) == 0 else { throw .memoryMisaligned }
    // The caller's promise about the memory, see above.
    var reserved = unsafe DeviceUnlabelled(
      capacity: capacity, dimension: self.layout.dimension, layout: layout, memory: base)
    if keepsFilesUnlabelled, let view = fileUnlabelled {
      guard view.count <= capacity else { throw .tooManyUnlabelled }
      for index in 0..<view.count { reserved.take(view.parts.row(index), identifier: view.identifier(index)) }
    }
    unlabelled = reserved
  }

  /// Photos without labels that the task keeps.
  public var unlabelledCount: Int {
    if let unlabelled { return unlabelled.count }
    return keepsFilesUnlabelled ? fileUnlabelled?.count ?? 0 : 0
  }

  /// Adds a photo without a label; `embedding` is as the network gives it. A near copy of one that is there counts once with it.
  public mutating func addUnlabelled(_ embedding: Embedding, identifier: UInt64) throws(DeviceTaskError) {
    guard embedding.count == layout.dimension else { throw .tooLarge }
    guard unlabelled != nil else { throw .unlabelledWithoutMemory }
    switch unlabelled?.add(embedding, identifier: identifier) {
    case .added: head = .none
    case .noRoom: throw .tooManyUnlabelled
    case .notFinite: throw .notFinite
    case .known, nil: break
    }
  }

  /// Forgets all photos without labels.
  public mutating func forgetUnlabelled() {
    guard unlabelledCount > 0 else { return }
    unlabelled?.removeAll()
    keepsFilesUnlabelled = false
    head = .none
  }

  /// What calibration adds to scores; nil where nothing, as with one photo of a class and no background to refuse.
  mutating func nearness() -> Elements<Float>? {
    let labelled = support
    guard labelled.fewest > 1 || statistics?.backgroundCount ?? 0 > 0 else { return nil }
    return unlabelled?.nearness(labelled, statistics)
  }

  /// Learns with them what they tell beside the head.
  mutating func learnUnlabelled() throws(DeviceTaskError) {
    guard unlabelled != nil else {
      if unlabelledCount > 0 { throw .unlabelledWithoutMemory }
      return
    }
    let labelled = support
    for index in 0..<exampleCount {
      let identifier = identifier(index)
      unlabelled?.remove(identifier: identifier)
    }
    unlabelled?.learn(labelled)
  }
}
