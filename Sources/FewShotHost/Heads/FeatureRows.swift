import FewShot
import HostRuntime
import TinyNN

/// What heads see of several embeddings: [count][features], in memory of their own.
final class FeatureRows: Sendable {
  let map: FeatureMap
  let count: Int
  private let memory: AlignedMemory

  /// `embeddings` are of length 1 and had `lengths`.
  init(_ map: FeatureMap, _ embeddings: EmbeddingMatrix, _ lengths: [Float]) {
    self.map = map
    count = embeddings.count
    memory = AlignedMemory(byteCount: 4 * count * map.count)
    for index in 0..<count {
      map.write(embeddings[index], length: lengths[index], into: memory.floats.slice(index * map.count, map.count))
    }
  }

  /// Of examples; these rows are the embeddings' own memory where heads see them as they are.
  init(_ map: FeatureMap, of examples: ExampleMemory, _ lengths: [Float]) {
    self.map = map
    count = examples.count
    guard map.kind != .plain else {
      memory = examples.rows
      return
    }
    memory = FeatureRows(map, examples.support.embeddings, lengths).memory
  }

  /// Some of the rows of `other`.
  init(_ other: FeatureRows, _ chosen: [Int]) {
    map = other.map
    count = chosen.count
    memory = AlignedMemory(byteCount: 4 * count * map.count)
    for (index, row) in chosen.enumerated() { memory.floats.slice(index * map.count, map.count).copy(other.matrix[row]) }
  }

  /// Valid as long as this object.
  var matrix: EmbeddingMatrix { memory.floats.matrix(count, map.count) }
}
