public import TinyNN

/// Embeddings of length 1 as int8, one after the other, in memory that somebody else keeps alive: the form in which a task keeps
/// photos without labels. The largest magnitude of each row is 127; a row of zeros stays one.
public struct CompactRows: Sendable {
  /// [count][dimension]
  private let bytes: ByteRegion
  public let count: Int
  public let dimension: Int

  /// `bytes` holds at least `count * dimension` values.
  public init(_ bytes: ByteRegion, count: Int, dimension: Int) {
    self.bytes = bytes
    self.count = count
    self.dimension = dimension
  }

  /// The row as an embedding of length 1. Rounding has changed its direction a little.
  package func write(_ row: Int, into values: Elements<Float>) {
    for index in 0..<dimension { values[index] = Float(Int(bytes.load(Int8.self, at: row * dimension + index))) }
    _ = values.normalize()
  }

  /// Rounds an embedding to a row, ties away from zero. Its values are finite.
  package static func store(_ embedding: Embedding, into row: Elements<Int8>) {
    var largest: Float = 0
    for index in 0..<embedding.count { largest = max(largest, embedding[index].magnitude) }
    for index in 0..<embedding.count {
      let value = largest > 0 ? embedding[index] / largest * 127 : 0
      row[index] = Int8(truncatingIfNeeded: Int(value < 0 ? value - 0.5 : value + 0.5))
    }
  }

  /// The index of the first row whose cosine to `embedding`, of length 1, is at least `NearCopies.cosine`; nil where none is.
  /// - Parameter scratch: `dimension` values.
  package func original(of embedding: Embedding, scratch: Elements<Float>) -> Int? {
    for row in 0..<count {
      write(row, into: scratch)
      if NearCopies.areCopies(embedding, scratch.embedding) { return row }
    }
    return nil
  }
}
