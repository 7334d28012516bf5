public import TinyNN

/// A view is told from a queue of other photos' embeddings by the average of the weights, which changes slowly enough that
/// embeddings of earlier steps may stay (MoCo, He et al. 2020). The average is that of the training, 0.98, not 0.999: it has 100
/// steps.
///
///     L = mean over rows of  - log(exp(u . k+ / t) / (exp(u . k+ / t) + sum over others k of exp(u . k / t)))
///
/// Others: keys of the batch and of the queue that are not of the same photo.
public struct MoCo: Objective {
  static let queueCount = 128
  static let temperature: Float = 0.1

  public static func views(augmented: Int) -> ViewRecipe { .strong(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }
  public static var usesAverage: Bool { true }

  /// Keys [queue + rows][dimension], their photos, logits | how many rows the last batch had, how many the queue has, where its
  /// next goes | rows at length 1.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    (queueCount + shape.rowCount) * (shape.dimension + 2) + 3
      + UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension)
  }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= MoCo.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  private var keyCount: Int { MoCo.queueCount + shape.rowCount }
  private func key(_ index: Int) -> Elements<Float> { memory.slice(index * shape.dimension, shape.dimension) }
  private var photos: Elements<Float> { memory.slice(keyCount * shape.dimension, keyCount) }
  private var logits: Elements<Float> { memory.slice(keyCount * (shape.dimension + 1), keyCount) }
  private var counts: Elements<Float> { memory.slice(keyCount * (shape.dimension + 2), 3) }
  private var unitMemory: Elements<Float> {
    memory.slice(
      keyCount * (shape.dimension + 2) + 3, UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension))
  }

  /// Rows 2 k and 2 k + 1 are views of one photo. Keys of the batch come behind the queue's.
  public func loss(_ batch: ObjectiveBatch) -> Float {
    let count = batch.rows.count, units = UnitRows(batch, memory: unitMemory), photos = photos, logits = logits
    counts[0] = Float(count)
    for row in 0..<count {
      let target = key(MoCo.queueCount + row)
      target.clear()
      photos[MoCo.queueCount + row] = -1
      guard let average = batch.average(row) else { continue }
      for i in 0..<shape.dimension { target[i] = average[i] }
      if target.normalize() > 0 { photos[MoCo.queueCount + row] = Float(Int(batch.rows[row].photo)) }
    }
    let queued = Int(counts[1])
    var sum: Float = 0
    for row in 0..<count {
      let gradient = batch.gradient(row), own = Float(Int(batch.rows[row].photo)), positive = MoCo.queueCount + (row ^ 1)
      gradient.clear()
      guard !units.isZero(row), photos[positive] >= 0 else { continue }
      var largest = -Float.infinity
      func forEachKey(_ body: (Int) -> Void) {
        for index in 0..<MoCo.queueCount + count {
          if index >= queued && index < MoCo.queueCount { continue }
          if index == positive || (photos[index] >= 0 && photos[index] != own) { body(index) }
        }
      }
      forEachKey { index in
        logits[index] = units.dot(row, key(index)) / MoCo.temperature
        largest = max(largest, logits[index])
      }
      let ofPositive = logits[positive] - largest
      var total: Float = 0
      forEachKey { index in
        logits[index] = ElementaryMath.exp(logits[index] - largest)
        total = total + logits[index]
      }
      sum = sum + ElementaryMath.log(total) - ofPositive
      forEachKey { index in
        let slope = (logits[index] / total - (index == positive ? 1 : 0)) / (MoCo.temperature * Float(count))
        gradient.add(key(index), times: slope)
      }
    }
    units.turnBack(batch.gradients, weight: batch.weight)
    return sum / Float(count)
  }

  /// The keys of the last batch take the places of the oldest.
  public func update(learningRate: Float, step: Int) {
    let counts = counts, photos = photos
    for row in 0..<Int(counts[0]) where photos[MoCo.queueCount + row] >= 0 {
      let place = Int(counts[2])
      key(place).copy(key(MoCo.queueCount + row).embedding)
      photos[place] = photos[MoCo.queueCount + row]
      counts[2] = Float((place + 1) % MoCo.queueCount)
      counts[1] = min(counts[1] + 1, Float(MoCo.queueCount))
    }
    counts[0] = 0
  }
}
