public import TinyNN

/// A view is nearer to the farthest view of its photo than to the nearest of another photo: batch-hard triplets with a soft margin
/// (the exemplar task of Dosovitskiy et al. 2014 in the form of S4L, Zhai et al. 2019), by squared distances at length 1.
///
///     L = mean over rows of  log(1 + exp(d_positive - d_negative)),   d = 2 - 2 cos
public struct Exemplar: Objective {
  public static func views(augmented: Int) -> ViewRecipe { .strong(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 2), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }

  /// Rows at length 1.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension)
  }

  public let memory: Elements<Float>

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= Exemplar.memoryCount(shape) else { return nil }
    self.memory = memory
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let units = UnitRows(batch, memory: memory), count = batch.rows.count
    batch.gradients.clear()
    var sum: Float = 0
    for anchor in 0..<count where !units.isZero(anchor) {
      // Cosines of the farthest view of the photo and of the nearest of others.
      var (positive, negative) = (-1, -1)
      var (least, most) = (Float.infinity, -Float.infinity)
      for row in 0..<count where row != anchor && !units.isZero(row) {
        let cosine = units.cosine(anchor, row)
        if batch.rows[row].photo == batch.rows[anchor].photo {
          if cosine < least { (least, positive) = (cosine, row) }
        } else if cosine > most {
          (most, negative) = (cosine, row)
        }
      }
      guard positive >= 0, negative >= 0 else { continue }
      let value = ElementaryMath.exp(2 * (most - least))
      sum = sum + ElementaryMath.log(1 + value)
      let slope = 2 * value / (1 + value) / Float(count)
      batch.gradient(anchor).add(units[negative], times: slope)
      batch.gradient(anchor).add(units[positive], times: -slope)
      batch.gradient(negative).add(units[anchor], times: slope)
      batch.gradient(positive).add(units[anchor], times: -slope)
    }
    units.turnBack(batch.gradients, weight: batch.weight)
    return sum / Float(count)
  }
}
