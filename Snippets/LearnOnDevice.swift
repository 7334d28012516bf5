//! Learns two classes from embeddings in memory that the caller gives, classifies, and writes the task file.
import FewShot
import HostRuntime
import TinyNN

// snippet.hide
let path = CommandLine.arguments.dropFirst().first ?? "models/edge-s/edge-s.tnn"
let file = try MappedFile(path)
let encoder = try Model(validating: file.bytes)
func bytes(_ name: StaticString) -> ByteRegion { ByteRegion(name.utf8Start, count: name.utf8CodeUnitCount) }

/// Stands for what `Session.output()` gives for photo `photo` of a class.
func embedding(_ label: Int, _ photo: Int) -> [Float] {
  (0..<encoder.embeddingDimension).map { ($0 % 2 == label ? 10 : 1) + Float(($0 + photo) % 5) }
}

extension DeviceTask {
  mutating func add(_ values: [Float], identifier: UInt64, to name: ByteRegion) throws {
    try values.withUnsafeBufferPointer { try add(Embedding($0.baseAddress!, count: $0.count), identifier: identifier, to: name) }
  }

  mutating func classify(_ values: [Float]) throws -> Prediction {
    try values.withUnsafeBufferPointer { try classify(Embedding($0.baseAddress!, count: $0.count)) }
  }
}
// snippet.show
let byteCount = try DeviceTask.byteCount(for: encoder, classes: 8, examples: 100)
let memory = AlignedMemory(byteCount: byteCount)
var task = try DeviceTask(encoder, classes: 8, examples: 100, memory: memory.buffer)
for photo in 0..<5 {
  try task.add(embedding(0, photo), identifier: UInt64(photo), to: bytes("gear"))
  try task.add(embedding(1, photo), identifier: UInt64(photo), to: bytes("washer"))
}
try task.learn()  // prototypes, and their calibration by the photos left out one at a time

let answer = try task.classify(embedding(1, 5))
print(answer.isUnknown ? "unknown" : "class \(answer.label), confidence \(answer.confidence)")

let written = AlignedMemory(byteCount: try task.fileByteCount())  // encoder, classes and head: complete by itself
_ = try task.write(into: Elements(written.buffer.baseAddress!, count: written.buffer.count))
// snippet.hide
_ = try Model(validating: written.bytes)
