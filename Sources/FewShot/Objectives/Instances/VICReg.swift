public import TinyNN

/// Two views of a photo have the same projection, while every value of the projections keeps a deviation of 1 over the batch and no
/// two values go together (VICReg, Bardes, Ponce, LeCun 2022, whose weights 25, 25, 1 are here divided by 25). No negatives.
public struct VICReg: Objective {
  static let outputCount = 32
  static let covarianceWeight: Float = 0.04
  static let epsilon: Float = 1e-4

  public static func views(augmented: Int) -> ViewRecipe { .strong(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 2), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }

  public static func parameterCount(_ shape: ObjectiveShape) -> Int { projection(shape).head.parameterCount }
  /// The projection | outputs without their mean [rows][outputs] | a covariance for each pair of outputs.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    projection(shape).memoryCount + shape.rowCount * outputCount + outputCount * outputCount
  }

  private static func projection(_ shape: ObjectiveShape) -> ProjectedRows { ProjectedRows(shape, outputCount: outputCount) }

  public let memory: Elements<Float>
  private let projection: ProjectedRows
  private let rowLimit: Int

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= VICReg.memoryCount(shape) else { return nil }
    self.memory = memory
    projection = VICReg.projection(shape)
    rowLimit = shape.rowCount
  }

  public func reset(random: inout CounterRandom) { projection.head.reset(memory, random: &random) }

  /// Rows 2 k and 2 k + 1 are views of one photo.
  public func loss(_ batch: ObjectiveBatch) -> Float {
    let width = VICReg.outputCount, pairs = batch.rows.count / 2
    projection.project(batch, memory)
    let outputs = projection.outputs(memory), gradients = projection.gradients(memory)
    var sum: Float = 0
    let factor = 2 / Float(pairs * width)
    for pair in 0..<pairs {
      for i in 0..<width {
        let a = 2 * pair * width + i, difference = outputs[a] - outputs[a + width]
        sum = sum + difference * difference / Float(pairs * width)
        gradients[a] = factor * difference
        gradients[a + width] = -factor * difference
      }
    }
    for branch in 0..<2 { sum = sum + spread(branch, pairs, outputs, gradients) }
    for i in 0..<batch.rows.count * width { gradients[i] = gradients[i] * batch.weight }
    projection.turnBack(batch, memory)
    return sum
  }

  /// Variance and covariance terms of one view of each pair; adds their gradients.
  private func spread(_ branch: Int, _ pairs: Int, _ outputs: Elements<Float>, _ gradients: Elements<Float>) -> Float {
    let width = VICReg.outputCount, centred = memory.slice(projection.memoryCount, rowLimit * width)
    let covariance = memory.slice(projection.memoryCount + rowLimit * width, width * width)
    let others = 1 / Float(max(1, pairs - 1))
    func place(_ pair: Int) -> Int { (2 * pair + branch) * width }
    for i in 0..<width {
      var mean: Float = 0
      for pair in 0..<pairs { mean = mean + outputs[place(pair) + i] }
      for pair in 0..<pairs { centred[pair * width + i] = outputs[place(pair) + i] - mean / Float(pairs) }
    }
    var sum: Float = 0
    for i in 0..<width {
      for j in 0..<width {
        var product: Float = 0
        for pair in 0..<pairs { product = product + centred[pair * width + i] * centred[pair * width + j] }
        covariance[i * width + j] = product * others
        if i != j { sum = sum + VICReg.covarianceWeight * (product * others) * (product * others) / Float(width) }
      }
    }
    for i in 0..<width {
      let deviation = (covariance[i * width + i] + VICReg.epsilon).squareRoot()
      sum = sum + max(0, 1 - deviation) / Float(width)
      // What stands on the diagonal is the slope by the variance, elsewhere by the covariance, both directions in one.
      for j in 0..<width { covariance[i * width + j] = 4 * VICReg.covarianceWeight * covariance[i * width + j] / Float(width) }
      covariance[i * width + i] = deviation < 1 ? -1 / (deviation * Float(width)) : 0
    }
    // The mean's own gradient vanishes: the rows without their mean sum to 0.
    for pair in 0..<pairs {
      for i in 0..<width {
        var slope: Float = 0
        for j in 0..<width { slope = slope + covariance[i * width + j] * centred[pair * width + j] }
        gradients[place(pair) + i] = gradients[place(pair) + i] + slope * others
      }
    }
    return sum
  }

  public func update(learningRate: Float, step: Int) { projection.head.update(memory, learningRate: learningRate, step: step) }
}
