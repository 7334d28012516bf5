import TinyNN

// Earlier states have memory of their own, so that a task that never goes back needs none for them.
extension DeviceTask {
  /// Bytes of memory for so many earlier states, each with as many classes and examples as the task has room for, or those of its
  /// file, which may have more, and one that comes.
  public func historyByteCount(states: Int) throws(DeviceTaskError) -> Int {
    guard states >= 1, states <= TaskLimits.snapshotCount, let count = DeviceHistory.byteCount(states: states, layout),
      let one = DeviceHistory.byteCount(states: 1, layout)
    else { throw .tooLarge }
    let (stored, overflow) = one.addingReportingOverflow(Format.aligned(model.section(.history).count))
    guard !overflow else { throw .tooLarge }
    return max(count, stored)
  }

  /// Gives the task memory for earlier states, and takes the newest ones of its file. Precondition: it is given once, as
  /// `historyByteCount` bytes at a multiple of 64, used by nobody else while the task lives.
  @unsafe public mutating func reserveHistory(states: Int, memory: UnsafeMutableRawBufferPointer) throws(DeviceTaskError) {
    let needed = try historyByteCount(states: states)
    guard memory.count >= needed, let base = memory.baseAddress else { throw .memoryTooSmall }
    guard UInt(bitPattern: base) % UInt(Format.alignment) == 0 else { throw .memoryMisaligned }
    // The caller's promise about the memory, see above.
    var reserved = unsafe DeviceHistory(states: states, memory: base, byteCount: needed)
    let stored: HistoryView?
    do { stored = try HistoryView.of(model) } catch { throw .malformed }
    if let past = stored {
      for index in 0..<past.count {
        let state = past.sections(index)
        guard let place = reserved.append(classes: state.classes.count, examples: state.examples.count) else { continue }
        place.target.copy(state.classes, to: place.classes)
        place.target.copy(state.examples, to: place.examples)
      }
    }
    history = reserved
  }

  /// Earlier states that are kept.
  public var stateCount: Int { history?.count ?? 0 }

  /// Keeps what the task knows now as an earlier state, once an edit changes it.
  public mutating func keepState() { keepsState = true }

  /// Goes back to the newest earlier state.
  public mutating func undo() throws(DeviceTaskError) {
    guard var past = history, let state = past.newest else { throw .nothingToUndo }
    let classes: ClassesView, examples: ExamplesView
    do {
      classes = try ClassesView(state.classes, at: 0)
      examples = try ExamplesView(state.examples, at: 0, classCount: classes.count, dimension: layout.dimension)
    } catch { throw .malformed }
    guard classes.count <= layout.classCapacity else { throw .tooManyClasses }
    guard examples.count <= layout.exampleCapacity else { throw .tooManyExamples }
    classCount = classes.count
    exampleCount = examples.count
    copy(classes, examples, state.examples)
    past.removeNewest()
    history = past
    keepsState = false
    head = .none
  }

  /// Before an edit that changes what the task knows.
  mutating func beginEdit() {
    head = .none
    guard keepsState, classCount > 0, var past = history else { return }
    keepsState = false
    if let place = past.append(classes: classesByteCount, examples: examplesByteCount) {
      writeClasses(to: place.target, at: place.classes)
      writeExamples(to: place.target, at: place.examples)
    }
    history = past
  }
}
