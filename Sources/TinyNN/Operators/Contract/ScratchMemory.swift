struct ScratchMemory {
  let arena: Arena
  let offset: Int

  func floats(at start: Int, count: Int) -> Elements<Float> { arena.elements(at: offset + start, count: count) }
  func int32s(at start: Int, count: Int) -> Elements<Int32> { arena.elements(at: offset + start, count: count) }
  func int8s(at start: Int, count: Int) -> Elements<Int8> { arena.elements(at: offset + start, count: count) }
}
