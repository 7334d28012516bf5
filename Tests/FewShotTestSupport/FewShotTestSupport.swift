import HostRuntime
import ModelCompiler
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// Embeddings around one direction for each class, the same on every run.
package struct SyntheticClasses {
  package let dimension: Int
  private var random: CounterRandom
  private var centres: [[Float]] = []
  package let spread: Float

  package init(classes: Int, dimension: Int, spread: Float = 0.5, seed: UInt64 = 1) {
    self.dimension = dimension
    self.spread = spread
    random = CounterRandom(seed: seed)
    for _ in 0..<classes { centres.append(noise()) }
  }

  /// Values between -1 and 1.
  package mutating func noise() -> [Float] { (0..<dimension).map { _ in Float(random.next()) / Float(UInt32.max) * 2 - 1 } }

  package mutating func embedding(ofClass label: Int) -> [Float] {
    zip(centres[label], noise()).map { $0 + spread * $1 * 2 }
  }

  package mutating func examples(ofClass label: Int, count: Int, firstIdentifier: UInt64 = 0) -> [LearnedExample] {
    (0..<count).map { LearnedExample(identifier: firstIdentifier + UInt64($0), embedding: embedding(ofClass: label)) }
  }

  /// Classes "c0", "c1" and so on with `shots` examples each.
  package static func knowledge(classes: Int, shots: Int, dimension: Int = 8, spread: Float = 0.5, seed: UInt64 = 1) throws
    -> Knowledge
  {
    var source = SyntheticClasses(classes: classes, dimension: dimension, spread: spread, seed: seed)
    var knowledge = Knowledge(dimension: dimension)
    for label in 0..<classes {
      try knowledge.add(source.examples(ofClass: label, count: shots, firstIdentifier: UInt64(100 * label)), to: "c\(label)")
    }
    return knowledge
  }
}

package enum TestEncoder {
  /// A network [1, 1, 1, d] -> [1, 1, 1, d] of one ReLU, as small as an encoder can be.
  package static func bytes(dimension: Int = 8, statistics: EncoderStatistics? = nil) throws -> [UInt8] {
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, Shape(1, 1, 1, dimension)))
    graph.outputs = [try graph.add(Activate(.relu), name: "relu", inputs: [input])]
    var writer = graph.lowered()
    if let statistics { writer.add(.statistics, statistics.section) }
    return writer.finish()
  }

  package static func statistics(dimension: Int = 8, photos: Int = 300) -> EncoderStatistics {
    var source = SyntheticClasses(classes: 1, dimension: dimension, seed: 99)
    var statistics = EncoderStatistics(dimension: dimension)
    for _ in 0..<photos { statistics.add(source.noise().map { $0 * 3 + 0.25 }) }
    return statistics
  }
}

/// A file in memory, opened.
package final class OpenedFile {
  package let memory: AlignedMemory
  package let model: Model

  package init(_ bytes: [UInt8]) throws(ModelError) {
    memory = AlignedMemory(copying: bytes)
    model = try Model(validating: memory.bytes)
  }
}

extension [UInt8] {
  /// The same file with the checksum that its bytes have now.
  package func withRepairedChecksum() -> [UInt8] {
    var copy = self
    let checksum = withUnsafeBytes { Checksum.ofFile(ByteRegion($0)) }
    copy.store(checksum, at: 24)
    return copy
  }
}

extension [Float] {
  package var normalizedCopy: [Double] {
    let length = reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return map { length == 0 ? 0 : Double($0) / length }
  }
}

package func cosine(_ a: [Double], _ b: [Double]) -> Double {
  let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  let lengths = (a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  return lengths == 0 ? 0 : dot / lengths
}

package func withEmbedding<R>(_ values: [Float], _ body: (Embedding) -> R) -> R {
  values.withUnsafeBufferPointer { body(Embedding($0.baseAddress!, count: $0.count)) }
}
