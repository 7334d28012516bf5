public import TinyNN

/// Every photo is a class of its own, told from all others by a memory of their embeddings (non-parametric instance discrimination,
/// Wu et al. 2018): with at most some hundred photos the softmax over all of them is exact, without noise-contrastive estimation.
///
///     L = - log(exp(u . m_own / t) / sum over photos of exp(u . m / t)),   after the step  m_own <- unit(m_own / 2 + u / 2)
public struct NPID: Objective {
  static let temperature: Float = 0.07

  public static func views(augmented: Int) -> ViewRecipe { .pairs(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }
  /// Once, before the first step: the memory begins with the embeddings before training.
  public static var preparationInterval: Int { .max }

  /// Memory of embeddings [photos][dimension] | rows at length 1 | their photos and how many they are | a logit for each photo.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    shape.photoCount * shape.dimension + UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension)
      + shape.rowCount + 1 + shape.photoCount
  }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= NPID.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  private var unitStart: Int { shape.photoCount * shape.dimension }
  private var drawnStart: Int { unitStart + UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension) }
  private func kept(_ photo: Int) -> Elements<Float> { memory.slice(photo * shape.dimension, shape.dimension) }

  public func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {
    for photo in 0..<photos.count { kept(photo).copy(photos[photo]) }
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let count = batch.rows.count, units = UnitRows(batch, memory: memory.slice(unitStart, drawnStart - unitStart))
    let drawn = memory.slice(drawnStart, shape.rowCount + 1)
    let logits = memory.slice(drawnStart + shape.rowCount + 1, shape.photoCount)
    var sum: Float = 0
    drawn[shape.rowCount] = Float(count)
    for row in 0..<count {
      let own = Int(batch.rows[row].photo), gradient = batch.gradient(row)
      drawn[row] = units.isZero(row) ? -1 : Float(own)
      gradient.clear()
      guard !units.isZero(row) else { continue }
      for photo in 0..<shape.photoCount { logits[photo] = units.dot(row, kept(photo)) / NPID.temperature }
      sum = sum + softmax(logits, count: shape.photoCount, label: own)
      for photo in 0..<shape.photoCount {
        gradient.add(kept(photo), times: (logits[photo] - (photo == own ? 1 : 0)) / (NPID.temperature * Float(count)))
      }
    }
    units.turnBack(batch.gradients, weight: batch.weight)
    return sum / Float(count)
  }

  /// The rows of the last batch enter the memory.
  public func update(learningRate: Float, step: Int) {
    let drawn = memory.slice(drawnStart, shape.rowCount + 1)
    for row in 0..<Int(drawn[shape.rowCount]) where drawn[row] >= 0 {
      let target = kept(Int(drawn[row])), unit = memory.slice(unitStart + row * shape.dimension, shape.dimension)
      for i in 0..<shape.dimension { target[i] = 0.5 * target[i] + 0.5 * unit[i] }
      _ = target.normalize()
    }
    drawn[shape.rowCount] = 0
  }
}
