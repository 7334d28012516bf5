import FewShot
import HostRuntime
import TinyNN

/// Telling photos of classes that were learned from photos of others, by embeddings alone. Larger scores are nearer to what is
/// known.
struct NoveltyDetection {
  enum Detector: String, CaseIterable {
    /// The largest cosine to a class's mean.
    case cosine
    /// Minus the least squared Mahalanobis distance to a class's mean, less that to the mean of all (Ren et al., "A simple fix to
    /// Mahalanobis distance for improving near-OOD detection", 2021). Covariances are shrunk a tenth towards a multiple of one.
    case mahalanobis
    /// The cosine to the k-th nearest known photo (Sun et al., "Out-of-distribution detection with deep nearest neighbors", 2022).
    case neighbours
  }

  static let shrinkage: Float = 0.1
  static let neighbour = 5

  private let embeddings: EmbeddingMatrix
  private let known: [[Int]]
  /// [classes][dimension], of length 1.
  private let directions: [[Float]]
  /// Class means, and the mean of all, each multiplied by the inverse of its covariance's factor.
  private let classMeans: [AlignedMemory]
  private let overallMean: AlignedMemory
  private let within: Factor
  private let overall: Factor

  private final class Factor {
    private let memory: AlignedMemory
    let matrix: SymmetricMatrix

    /// Of the covariance of differences [rows][dimension].
    init(_ rows: [[Float]], dimension: Int) {
      memory = AlignedMemory(byteCount: 4 * SymmetricMatrix.valueCount(dimension))
      matrix = SymmetricMatrix(memory.floats, count: dimension)
      memory.floats.clear()
      var trace: Float = 0
      for row in 0..<dimension {
        for column in 0...row {
          var sum: Float = 0
          for difference in rows { sum += difference[row] * difference[column] }
          matrix[row, column] = sum / Float(rows.count) * (1 - NoveltyDetection.shrinkage)
        }
        trace += matrix[row, row] / (1 - NoveltyDetection.shrinkage)
      }
      // Equal embeddings have no covariance: a little of one keeps the factor finite.
      let added = max(NoveltyDetection.shrinkage * trace / Float(dimension), 1e-9)
      for row in 0..<dimension { matrix[row, row] = matrix[row, row] + added }
      matrix.factorize()
    }

    func whitened(_ vector: [Float]) -> AlignedMemory {
      let result = AlignedMemory(byteCount: 4 * vector.count)
      for index in vector.indices { result.floats[index] = vector[index] }
      matrix.solveLower(result.floats)
      return result
    }
  }

  /// `known` are rows of each class, of at least one class, each with at least one.
  init(_ embeddings: EmbeddingMatrix, known: [[Int]]) {
    self.embeddings = embeddings
    self.known = known
    let dimension = embeddings.dimension
    func values(_ row: Int) -> [Float] { (0..<dimension).map { embeddings[row][$0] } }
    func mean(_ rows: [Int]) -> [Float] {
      var mean = [Float](repeating: 0, count: dimension)
      for row in rows { for index in 0..<dimension { mean[index] += embeddings[row][index] / Float(rows.count) } }
      return mean
    }
    let means = known.map(mean), all = mean(known.flatMap { $0 })
    directions = means.map { $0.normalized().values }
    within = Factor(
      zip(known, means).flatMap { rows, mean in rows.map { zip(values($0), mean).map { $0 - $1 } } }, dimension: dimension)
    overall = Factor(known.flatMap { $0 }.map { zip(values($0), all).map { $0 - $1 } }, dimension: dimension)
    classMeans = means.map(within.whitened)
    overallMean = overall.whitened(all)
  }

  func score(_ row: Int, _ detector: Detector) -> Float {
    let embedding = embeddings[row]
    switch detector {
    case .cosine:
      return directions.reduce(-1) { largest, mean in
        max(largest, mean.withUnsafeBufferPointer { embedding.dot(Embedding($0.baseAddress!, count: mean.count)) })
      }
    case .mahalanobis:
      let values = (0..<embedding.count).map { embedding[$0] }
      let inside = within.whitened(values), outside = overall.whitened(values)
      let nearest = classMeans.reduce(Float.infinity) { min($0, distance(inside, $1)) }
      return distance(outside, overallMean) - nearest
    case .neighbours:
      let cosines = known.joined().map { embedding.dot(embeddings[$0]) }.sorted(by: >)
      return cosines[min(NoveltyDetection.neighbour, cosines.count) - 1]
    }
  }

  private func distance(_ a: AlignedMemory, _ b: AlignedMemory) -> Float {
    (0..<a.floats.count).reduce(0) { $0 + (a.floats[$1] - b.floats[$1]) * (a.floats[$1] - b.floats[$1]) }
  }
}
