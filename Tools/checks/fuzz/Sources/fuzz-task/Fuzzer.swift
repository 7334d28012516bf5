// Opens the input as a task file with the length and the checksum repaired, and does with it what `classes`, `classify`, `adapt`
// over it and `--merge` do. Whatever opens can be edited, written, read again and undone.

import FewShot
import FewShotHost
import FuzzSupport
import Glibc
import HostRuntime
import ImageFiles
import TinyNN

/// A file that asks for more is edited but not run, so that no time goes into big networks.
private let byteLimit = 1 << 22, multiplyAddLimit = 1 << 22, valueLimit = 1 << 14

/// The input as a file, for what takes a path: one that every input takes anew.
private enum InputFile {
  static let path: String = {
    var name = Array("/dev/shm/fuzz-task-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    precondition(descriptor >= 0)
    close(descriptor)
    return name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }()

  static func write(_ bytes: UnsafeRawBufferPointer) {
    let descriptor = open(path, O_WRONLY | O_TRUNC)
    precondition(descriptor >= 0 && Glibc.write(descriptor, bytes.baseAddress!, bytes.count) == bytes.count)
    close(descriptor)
  }
}

private func edit(_ path: String, _ model: Model) throws {
  var editor = try TaskEditor(contentsOf: path)
  let knowledge = editor.task.knowledge
  guard knowledge.exampleCount * knowledge.dimension <= valueLimit, let first = knowledge.classes.first else { return }
  try? editor.edit { try $0.rename(first.name, to: "a new name") }
  try? editor.edit { try $0.merge(knowledge) }
  try? editor.edit { try $0.removePhoto(first.examples[0].identifier) }
  try? editor.edit {
    try $0.add([LearnedExample(identifier: 7, embedding: [Float](repeating: 1, count: knowledge.dimension))], to: "another")
  }
  try? editor.edit { try $0.remove("a new name") }
  _ = try editor.knowledge(comparableWith: model).sharedPhotos
  let encoded = try? editor.task.encoded(encoder: editor.model)
  if let encoded {
    let memory = AlignedMemory(copying: encoded.bytes)
    do {
      guard let again = try TaskFile(reading: Model(validating: memory.bytes)) else {
        fatalError("a task was written as an encoder")
      }
      precondition(again.knowledge == editor.task.knowledge, "what was written is not what is read")
    } catch { fatalError("what was written is refused: \(error)") }
  }
  while (try? editor.undo()) != nil {}
  _ = try editor.write(to: "/dev/null")
}

private func classify(_ memory: AlignedMemory, _ model: Model) throws {
  let plan = try InferencePlan(for: model)
  let elements = (0..<model.tensorCount).reduce(0) { $0 &+ model.tensor($1).type.shape.count }
  guard plan.arenaByteCount <= byteLimit, model.multiplyAdds <= multiplyAddLimit, elements <= byteLimit else { return }
  let classifier = try Classifier([ModelRunner(memory: memory)])
  guard classifier.plannedByteCount <= byteLimit else { return }
  let answer = classifier.classify(embedding: (0..<model.embeddingDimension).map { Float($0 % 5) - 2 })
  precondition(classifier.names.contains(answer.label))
  let pixels = (0..<16 * 12 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }
  _ = try classifier.classify(RGBImage(width: 16, height: 12, pixels: pixels))
}

/// What libFuzzer calls with each mutated input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let memory = repairedFile(UnsafeRawBufferPointer(start: bytes, count: count)) else { return 0 }
  InputFile.write(UnsafeRawBufferPointer(memory.buffer))
  do {
    let model = try Model(validating: memory.bytes)
    _ = PreviousTask(at: InputFile.path, for: model)
    try? edit(InputFile.path, model)
    try? classify(memory, model)
  } catch {}
  return 0
}
