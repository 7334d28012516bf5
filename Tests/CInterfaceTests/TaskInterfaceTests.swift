import CInterface
import CInterfaceHeader
import FewShot
import FewShotHost
import HostRuntime
import ImageFiles
import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// Edits and learning on the device give the file that the host gives, byte for byte.
@Suite struct TaskInterfaceTests {
  private static func embeddings(_ count: Int, _ dimension: Int, seed: UInt64) -> [[Float]] {
    var random = CounterRandom(seed: seed)
    return (0..<count).map { _ in (0..<dimension).map { _ in random.next(from: -1, to: 3) } }
  }

  private static func hostFile(_ knowledge: Knowledge, encoder: [UInt8]) throws -> [UInt8] {
    let host = try ModelRunner(bytes: encoder)
    return try TaskFile(knowledge).encoded(encoder: host.model).bytes
  }

  private static func expectSame(_ device: [UInt8], _ host: [UInt8]) {
    #expect(device.count == host.count)
    let difference = zip(device, host).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    #expect(difference == nil, "byte \(difference ?? 0) differs")
  }

  @Test(arguments: [1, 2, 5]) func editsGiveTheFileOfTheHost(shots: Int) throws {
    let encoder = try Device.encoderBytes(), device = try Device(encoder)
    let names = ["screw", "Bolt", "gear", "ärger", "nut"]
    var knowledge = Knowledge(dimension: device.dimension)
    let rows = TaskInterfaceTests.embeddings(names.count * shots, device.dimension, seed: 3)
    // Identifiers fall, so that each example goes before those of its class.
    for (index, row) in rows.enumerated() {
      let name = names[index % names.count], identifier = UInt64(1000 - index)
      try check(tinynn_task_add_example(device.task, name, identifier, row, row.count))
      try knowledge.add([LearnedExample(identifier: identifier, embedding: row)], to: name)
    }
    #expect(tinynn_task_class_count(device.task) == 5)
    try check(tinynn_task_learn(device.task))
    TaskInterfaceTests.expectSame(try device.savedTask(), try TaskInterfaceTests.hostFile(knowledge, encoder: encoder))

    try check(tinynn_task_rename_class(device.task, "Bolt", "zebra"))
    try knowledge.rename("Bolt", to: "zebra")
    try check(tinynn_task_remove_class(device.task, "gear"))
    try knowledge.remove("gear")
    try check(tinynn_task_rename_class(device.task, "zebra", "angle"))
    try knowledge.rename("zebra", to: "angle")
    #expect(tinynn_task_save(device.task, nil, 0, nil) != TINYNN_OK)
    try check(tinynn_task_learn(device.task))
    let saved = try device.savedTask()
    TaskInterfaceTests.expectSame(saved, try TaskInterfaceTests.hostFile(knowledge, encoder: encoder))
    #expect((0..<4).map { String(cString: tinynn_task_class_name(device.task, $0)!) } == ["angle", "nut", "screw", "ärger"])

    // What was saved opens, says the same, and is saved as it was.
    let again = try Device(saved)
    TaskInterfaceTests.expectSame(try again.savedTask(), saved)
    for row in rows {
      let (a, b) = (try device.classify(row), try again.classify(row))
      #expect(a.class_index == b.class_index && a.confidence == b.confidence && a.score == b.score && a.threshold == b.threshold)
    }
  }

  @Test func photosGiveTheEmbeddingAndTheAnswerOfTheHost() throws {
    let encoder = try Device.encoderBytes(), device = try Device(encoder)
    let host = try PhotoEncoder(try ModelRunner(bytes: encoder))
    let folder = TestFolders.package.appending(path: "Examples/parts/support")
    for name in ["bolt", "gear"] {
      for photo in ["01", "02", "03"] {
        let image = try RGBImage(contentsOf: folder.appending(path: "\(name)/\(photo).jpg").path)
        let expected = try host.embed(image)
        var needed = 0
        try check(tinynn_embed_scratch_bytes(device.model, Int32(image.height), Int32(image.width), &needed))
        let scratch = AlignedMemory(byteCount: needed)
        try check(
          tinynn_session_embed(
            device.session, image.pixels, image.pixels.count, Int32(image.height), Int32(image.width), image.rowStride,
            scratch.buffer.baseAddress, needed))
        var output = tinynn_tensor()
        try check(tinynn_session_output(device.session, 0, &output))
        let actual = UnsafeBufferPointer(start: output.data!.assumingMemoryBound(to: Float.self), count: output.count)
        #expect(actual.elementsEqual(expected), "\(name)/\(photo)")
      }
    }
  }
}
