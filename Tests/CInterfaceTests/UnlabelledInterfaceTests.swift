import CInterface
import CInterfaceHeader
import FewShot
import FewShotHost
import HostRuntime
import TestSupport
import Testing
import TinyNN

/// Photos without labels on the device give the file and the answers that the host gives.
@Suite struct UnlabelledInterfaceTests {
  private struct Photos {
    var examples: [(name: String, identifier: UInt64, row: [Float])] = []
    var others: [(identifier: UInt64, row: [Float])] = []

    /// Three classes around random centres.
    init(_ dimension: Int, shots: Int, others count: Int) {
      var random = CounterRandom(seed: 5)
      func noise() -> [Float] { (0..<dimension).map { _ in random.next(from: -1, to: 1) } }
      let centres = (0..<3).map { _ in noise() }
      func photo(_ label: Int) -> [Float] { zip(centres[label], noise()).map { $0 + 0.8 * $1 } }
      for index in 0..<3 * shots { examples.append((["nut", "bolt", "gear"][index % 3], UInt64(index), photo(index % 3))) }
      // Identifiers fall, so that each photo goes before those that are there.
      for index in 0..<count { others.append((UInt64(5000 - index), photo(index % 3))) }
    }
  }

  private static func reserve(_ device: Device, _ capacity: Int32) throws -> AlignedMemory {
    var needed = 0
    try check(tinynn_task_unlabelled_required_bytes(device.task, capacity, &needed))
    let memory = AlignedMemory(byteCount: needed)
    #expect(tinynn_task_reserve_unlabelled(device.task, memory.buffer.baseAddress, needed - 1, capacity) == TINYNN_MEMORY_TOO_SMALL)
    try check(tinynn_task_reserve_unlabelled(device.task, memory.buffer.baseAddress, needed, capacity))
    return memory
  }

  @Test(arguments: [1, 4]) func givesTheFileOfTheHost(shots: Int) throws {
    let encoder = try Device.encoderBytes(), device = try Device(encoder)
    let photos = Photos(device.dimension, shots: shots, others: 40)
    var knowledge = Knowledge(dimension: device.dimension), unlabelled = UnlabelledPhotos(dimension: device.dimension)
    let memory = try UnlabelledInterfaceTests.reserve(device, 64)
    for (name, identifier, row) in photos.examples {
      try check(tinynn_task_add_example(device.task, name, identifier, row, row.count))
      try knowledge.add([LearnedExample(identifier: identifier, embedding: row)], to: name)
    }
    for (identifier, row) in photos.others + photos.others.prefix(3) {
      try check(tinynn_task_add_unlabelled(device.task, identifier, row, row.count))
      unlabelled.add(row, identifier: identifier)
    }
    #expect(tinynn_task_unlabelled_count(device.task) == 40 && unlabelled.count == 40)
    try check(tinynn_task_learn(device.task))
    let host = try ModelRunner(bytes: encoder)
    var task = TaskFile(knowledge)
    task.unlabelled = unlabelled
    let saved = try device.savedTask(), expected = try task.encoded(encoder: host.model).bytes
    #expect(saved == expected)

    // What was saved opens in both, and answers as the device does.
    let again = try Device(saved), classifier = try Classifier([ModelRunner(bytes: saved)])
    #expect(tinynn_task_unlabelled_count(again.task) == 40)
    for (_, _, row) in photos.examples {
      let (a, b, c) = (try device.classify(row), try again.classify(row), classifier.classify(embedding: row))
      #expect(a.class_index == b.class_index && a.confidence == b.confidence && a.score == b.score)
      #expect(b.confidence == c.confidence && classifier.names[Int(b.class_index)] == c.label)
    }

    // An edit needs memory for them; then it is that of the host.
    try check(tinynn_task_remove_class(again.task, "gear"))
    #expect(tinynn_task_learn(again.task) == TINYNN_UNLABELLED_WITHOUT_MEMORY)
    let more = try UnlabelledInterfaceTests.reserve(again, 50)
    try check(tinynn_task_learn(again.task))
    let file = AlignedMemory(copying: saved)
    var smaller = try #require(try TaskFile(reading: try Model(validating: file.bytes)))
    try smaller.edit { knowledge throws(TaskEditError) in try knowledge.remove("gear") }
    let edited = TaskFile(smaller.knowledge)
    var withPhotos = edited
    withPhotos.unlabelled = smaller.unlabelled
    #expect(try again.savedTask() == withPhotos.encoded(encoder: host.model).bytes)

    // Without them it is the task that never had any.
    try check(tinynn_task_forget_unlabelled(again.task))
    #expect(tinynn_task_unlabelled_count(again.task) == 0)
    try check(tinynn_task_learn(again.task))
    #expect(try again.savedTask() == edited.encoded(encoder: host.model).bytes)
    withExtendedLifetime((memory, more, file)) {}
  }

  @Test func refusesWhatDoesNotFit() throws {
    let device = try Device(), row = [Float](repeating: 0.1, count: device.dimension)
    #expect(tinynn_task_add_unlabelled(device.task, 1, row, row.count) == TINYNN_UNLABELLED_WITHOUT_MEMORY)
    var needed = 0
    for capacity in [0, -1, 501] as [Int32] {
      #expect(tinynn_task_unlabelled_required_bytes(device.task, capacity, &needed) == TINYNN_OUT_OF_RANGE)
      #expect(tinynn_task_reserve_unlabelled(device.task, nil, 0, capacity) == TINYNN_OUT_OF_RANGE)
    }
    #expect(tinynn_task_unlabelled_required_bytes(device.task, 1, nil) == TINYNN_NULL_POINTER)
    #expect(tinynn_task_unlabelled_required_bytes(nil, 1, &needed) != TINYNN_OK)
    #expect(tinynn_task_unlabelled_count(nil) < 0 && tinynn_task_forget_unlabelled(nil) != TINYNN_OK)
    let memory = try UnlabelledInterfaceTests.reserve(device, 2)
    #expect(tinynn_task_add_unlabelled(device.task, 1, nil, row.count) == TINYNN_NULL_POINTER)
    #expect(tinynn_task_add_unlabelled(device.task, 1, row, row.count - 1) == TINYNN_WRONG_COUNT)
    #expect(tinynn_task_add_unlabelled(device.task, 1, row.map { _ in .nan }, row.count) == TINYNN_NOT_FINITE)
    let photos = Photos(device.dimension, shots: 1, others: 3)
    for (index, photo) in photos.others.enumerated() {
      let status = tinynn_task_add_unlabelled(device.task, photo.identifier, photo.row, photo.row.count)
      #expect(status == (index < 2 ? TINYNN_OK : TINYNN_TOO_MANY_UNLABELLED))
    }
    withExtendedLifetime(memory) {}
  }
}
