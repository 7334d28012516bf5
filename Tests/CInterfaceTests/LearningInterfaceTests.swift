import CInterface
import CInterfaceHeader
import FewShot
import FewShotHost
import HostRuntime
import TestSupport
import Testing
import TinyNN

/// Every head, merging and going back give the file of the host, byte for byte.
@Suite struct LearningInterfaceTests {
  private struct Example {
    let name: String
    let identifier: UInt64
    let row: [Float]
  }

  /// Three classes around random centres, without negative values, so that every head can learn them.
  private static func examples(_ dimension: Int, shots: Int, seed: UInt64 = 11) -> [Example] {
    var random = CounterRandom(seed: seed)
    func values() -> [Float] { (0..<dimension).map { _ in random.next(from: 0, to: 1) } }
    let centres = (0..<3).map { _ in values() }
    return (0..<3 * shots).map { index in
      Example(
        name: ["nut", "bolt", "gear"][index % 3], identifier: UInt64(index), row: zip(centres[index % 3], values()).map { $0 + $1 })
    }
  }

  private static func add(_ examples: [Example], to task: OpaquePointer) throws {
    for example in examples {
      try check(tinynn_task_add_example(task, example.name, example.identifier, example.row, example.row.count))
    }
  }

  private static func knowledge(_ examples: [Example], _ dimension: Int) throws -> Knowledge {
    var knowledge = Knowledge(dimension: dimension)
    for example in examples {
      try knowledge.add([LearnedExample(identifier: example.identifier, embedding: example.row)], to: example.name)
    }
    return knowledge
  }

  /// Learns in memory that is full of ones.
  private static func learn(_ device: Device, _ method: Int32) throws -> AlignedMemory {
    var needed = 0
    try check(tinynn_task_head_required_bytes(device.task, method, &needed))
    let memory = AlignedMemory(byteCount: needed)
    memory.buffer.initializeMemory(as: UInt8.self, repeating: 0xFF)
    #expect(tinynn_task_learn_head(device.task, method, memory.buffer.baseAddress, needed - 1) != TINYNN_OK)
    try check(tinynn_task_learn_head(device.task, method, memory.buffer.baseAddress, needed))
    return memory
  }

  private static func reserveHistory(_ device: Device, _ states: Int32 = 8) throws -> AlignedMemory {
    var needed = 0
    try check(tinynn_task_history_required_bytes(device.task, states, &needed))
    let memory = AlignedMemory(byteCount: needed)
    #expect(
      tinynn_task_reserve_history(device.task, memory.buffer.baseAddress, needed - 1, states) == TINYNN_MEMORY_TOO_SMALL)
    try check(tinynn_task_reserve_history(device.task, memory.buffer.baseAddress, needed, states))
    return memory
  }

  @Test(arguments: 0...7 as ClosedRange<Int32>, [1, 2, 5]) func headsAreThoseOfTheHost(method: Int32, shots: Int) throws {
    let encoder = try Device.encoderBytes(), device = try Device(encoder)
    let examples = LearningInterfaceTests.examples(device.dimension, shots: shots)
    try LearningInterfaceTests.add(examples, to: device.task)
    let memory = try LearningInterfaceTests.learn(device, method)
    let host = try ModelRunner(bytes: encoder)
    let learning: LearningMethod = method == 0 ? .auto : .head(try #require(HeadMethod(rawValue: UInt32(method))))
    let task = TaskFile(try LearningInterfaceTests.knowledge(examples, device.dimension), method: learning)
    let saved = try device.savedTask(), expected = try task.encoded(encoder: host.model)
    #expect(saved == expected.bytes)
    var head = tinynn_head()
    try check(tinynn_task_head_get(device.task, &head))
    #expect(head.method == Int32(expected.head.method.rawValue) && head.is_chosen == (method == 0 ? 1 : 0))
    #expect(head.threshold == expected.head.calibration.threshold && head.scale == expected.head.calibration.scale)
    let again = try Device(saved)
    for example in examples {
      let (a, b) = (try device.classify(example.row), try again.classify(example.row))
      #expect(a.class_index == b.class_index && a.confidence == b.confidence && a.score == b.score)
    }
    withExtendedLifetime(memory) {}
  }

  @Test func earlierStatesAreThoseOfTheHost() throws {
    let encoder = try Device.encoderBytes(), device = try Device(encoder)
    let examples = LearningInterfaceTests.examples(device.dimension, shots: 4), host = try ModelRunner(bytes: encoder)
    let memory = try LearningInterfaceTests.reserveHistory(device)
    try LearningInterfaceTests.add(Array(examples.prefix(6)), to: device.task)
    var task = TaskFile(try LearningInterfaceTests.knowledge(Array(examples.prefix(6)), device.dimension))
    // Ten edits, of which eight earlier states stay; what changes nothing leaves none.
    for index in 0..<10 {
      try check(tinynn_task_keep_state(device.task))
      if index < 6 {
        let example = examples[6 + index]
        try LearningInterfaceTests.add([example], to: device.task)
        try task.edit { knowledge throws(TaskEditError) in
          try knowledge.add([LearnedExample(identifier: example.identifier, embedding: example.row)], to: example.name)
        }
      } else if index < 9 {
        let (old, new) = (index == 6 ? "bolt" : "zebra\(index - 1)", "zebra\(index)")
        try check(tinynn_task_rename_class(device.task, old, new))
        try task.edit { knowledge throws(TaskEditError) in try knowledge.rename(old, to: new) }
      } else {
        try check(tinynn_task_remove_class(device.task, "gear"))
        try task.edit { knowledge throws(TaskEditError) in try knowledge.remove("gear") }
      }
    }
    try check(tinynn_task_keep_state(device.task))
    #expect(tinynn_task_rename_class(device.task, "nut", "nut") == TINYNN_OK)
    #expect(tinynn_task_state_count(device.task) == 8 && task.history.count == 8)
    try check(tinynn_task_learn(device.task))
    let saved = try device.savedTask()
    #expect(try saved == task.encoded(encoder: host.model).bytes)

    let again = try Device(saved), more = try LearningInterfaceTests.reserveHistory(again)
    #expect(tinynn_task_state_count(again.task) == 8)
    for left in (0..<8).reversed() {
      try check(tinynn_task_undo(again.task))
      try task.undo()
      #expect(tinynn_task_state_count(again.task) == Int32(left))
      try check(tinynn_task_learn(again.task))
      #expect(try again.savedTask() == task.encoded(encoder: host.model).bytes)
    }
    #expect(tinynn_task_undo(again.task) == TINYNN_NOTHING_TO_UNDO)
    // Of a smaller memory the newest states stay.
    let small = try Device(saved), fewer = try LearningInterfaceTests.reserveHistory(small, 2)
    #expect(tinynn_task_state_count(small.task) == 2)
    withExtendedLifetime((memory, more, fewer)) {}
  }

  @Test func mergingIsThatOfTheHost() throws {
    let encoder = try Device.encoderBytes(), host = try ModelRunner(bytes: encoder)
    let dimension = try Device(encoder).dimension
    let (a, b) = (
      LearningInterfaceTests.examples(dimension, shots: 3), LearningInterfaceTests.examples(dimension, shots: 2, seed: 12)
    )
    let others = b.map { Example(name: $0.name == "nut" ? "washer" : $0.name, identifier: $0.identifier + 7, row: $0.row) }
    func saved(_ examples: [Example]) throws -> [UInt8] {
      let device = try Device(encoder)
      try LearningInterfaceTests.add(examples, to: device.task)
      try check(tinynn_task_learn(device.task))
      return try device.savedTask()
    }
    var expected = try LearningInterfaceTests.knowledge(a, dimension)
    let new = try expected.merge(try LearningInterfaceTests.knowledge(others, dimension))
    let files = [try saved(a), try saved(others)]
    for order in [[0, 1], [1, 0]] {
      let device = try Device(files[order[0]]), other = try Device(files[order[1]])
      var added: Int32 = 0
      try check(tinynn_task_merge(device.task, other.model, &added))
      if order[0] == 0 { #expect(Int(added) == new) }
      try check(tinynn_task_merge(device.task, other.model, &added))
      #expect(added == 0)
      try check(tinynn_task_learn(device.task))
      #expect(try device.savedTask() == TaskFile(expected).encoded(encoder: host.model).bytes)
      let full = try Device(files[order[0]], examples: 9)
      #expect(tinynn_task_merge(full.task, other.model, &added) == TINYNN_TOO_MANY_EXAMPLES)
      #expect(tinynn_task_merge(full.task, nil, &added) == TINYNN_NULL_POINTER)
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    let device = try Device()
    var (size, head, added) = (0, tinynn_head(), Int32(0))
    #expect(tinynn_task_head_required_bytes(device.task, 0, &size) == TINYNN_TOO_FEW_CLASSES)
    try LearningInterfaceTests.add(LearningInterfaceTests.examples(device.dimension, shots: 1), to: device.task)
    for method in [-1, 8, Int32.max] {
      #expect(tinynn_task_head_required_bytes(device.task, method, &size) == TINYNN_OUT_OF_RANGE)
      #expect(tinynn_task_learn_head(device.task, method, nil, 0) == TINYNN_OUT_OF_RANGE)
    }
    #expect(tinynn_task_head_required_bytes(device.task, 0, nil) == TINYNN_NULL_POINTER)
    #expect(tinynn_task_learn_head(device.task, 5, nil, 1 << 20) == TINYNN_NULL_POINTER)
    #expect(tinynn_task_head_get(device.task, &head) == TINYNN_NOT_LEARNED)
    #expect(tinynn_task_head_get(device.task, nil) == TINYNN_NULL_POINTER)
    #expect(tinynn_task_merge(device.task, device.model, nil) == TINYNN_NULL_POINTER)
    #expect(tinynn_task_merge(device.task, device.model, &added) == TINYNN_NOT_LEARNED)
    for states in [0, -1, 9] as [Int32] {
      #expect(tinynn_task_history_required_bytes(device.task, states, &size) == TINYNN_OUT_OF_RANGE)
      #expect(tinynn_task_reserve_history(device.task, nil, 0, states) == TINYNN_OUT_OF_RANGE)
    }
    #expect(tinynn_task_undo(device.task) == TINYNN_NOTHING_TO_UNDO && tinynn_task_state_count(device.task) == 0)
    #expect(tinynn_task_keep_state(nil) != TINYNN_OK && tinynn_task_undo(nil) != TINYNN_OK)
    #expect(tinynn_task_class_example_count(device.task, 0) == 1 && tinynn_task_class_example_count(device.task, 3) < 0)
    // Embeddings with negative values are no square roots.
    let row = [Float](repeating: -1, count: device.dimension)
    try check(tinynn_task_add_example(device.task, "nut", 99, row, row.count))
    try check(tinynn_task_head_required_bytes(device.task, 3, &size))
    let memory = AlignedMemory(byteCount: size)
    #expect(tinynn_task_learn_head(device.task, 3, memory.buffer.baseAddress, size) == TINYNN_HEAD_NEEDS_POSITIVE)
  }
}
