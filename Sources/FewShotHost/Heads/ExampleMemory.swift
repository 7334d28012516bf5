import FewShot
import HostRuntime
import TinyNN

/// Labelled embeddings in memory of their own, where device code reads them.
final class ExampleMemory: Sendable {
  let count: Int
  let classCount: Int
  /// Values of an embedding.
  let dimension: Int
  /// [count][dimension], each of length 1.
  let rows: AlignedMemory
  /// [count] UInt32, below `classCount`.
  private let labels: AlignedMemory

  /// Zeros of class 0.
  init(count: Int, classCount: Int, dimension: Int) {
    self.count = count
    self.classCount = classCount
    self.dimension = dimension
    rows = AlignedMemory(byteCount: 4 * count * dimension)
    labels = AlignedMemory(byteCount: 4 * count)
  }

  /// Some of the examples of `other`.
  convenience init(_ other: ExampleMemory, _ chosen: [Int]) {
    self.init(count: chosen.count, classCount: other.classCount, dimension: other.dimension)
    for (index, source) in chosen.enumerated() {
      set(index, to: other.rows.floats.slice(source * dimension, dimension).span, label: other.label(source))
    }
  }

  func set(_ index: Int, to embedding: Span<Float>, label: Int) {
    precondition(embedding.count == dimension && label < classCount)
    let row = rows.floats.slice(index * dimension, dimension)
    for column in 0..<dimension { row[column] = embedding[column] }
    labels.buffer.storeBytes(of: UInt32(label), toByteOffset: 4 * index, as: UInt32.self)
  }

  func label(_ index: Int) -> Int { Int(labels.bytes.word(4 * index)) }

  /// Examples of the class that has fewest.
  var fewest: Int { support.fewest }

  /// Valid as long as this object.
  var support: SupportSet { support(rows.floats.matrix(count, dimension)) }

  /// Other rows with these labels; valid as long as both.
  func support(_ rows: EmbeddingMatrix) -> SupportSet {
    SupportSet(embeddings: rows, labels: UnsafeRawPointer(labels.buffer.baseAddress!), classCount: classCount)
  }
}

/// Lends arrays as a support set: [examples][dimension] embeddings of length 1 and their labels, below `classCount`.
func withSupport<R>(
  _ embeddings: [Float], _ labels: [UInt32], classCount: Int, dimension: Int, _ body: (SupportSet) -> R
) -> R {
  precondition(embeddings.count == labels.count * dimension)
  return embeddings.withUnsafeBufferPointer { embeddings in
    labels.withUnsafeBytes { labels in
      // Empty arrays may have no address; with no rows, none is read.
      let rows = embeddings.baseAddress ?? UnsafePointer(bitPattern: 64)!
      let matrix = EmbeddingMatrix(rows, count: labels.count / 4, dimension: dimension)
      return body(
        SupportSet(
          embeddings: matrix, labels: labels.baseAddress ?? UnsafeRawPointer(rows), classCount: classCount))
    }
  }
}
