public import TinyNN

/// Cross-entropy of the labels with a negative margin: the own class is given a start, so that classes are pressed together less
/// and new ones keep their room (Liu et al., "Negative margin matters", 2020).
public struct NegativeMargin: Objective {
  /// Taken from the cosine to the own prototype.
  public static let margin: Float = -0.1

  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.labelled, .one(in: 2), .independent) }
  /// One logit for each class.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { shape.classCount }

  public let memory: Elements<Float>

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= NegativeMargin.memoryCount(shape) else { return nil }
    self.memory = memory
  }

  public func loss(_ batch: ObjectiveBatch) -> Float { labelLoss(batch, logits: memory, margin: NegativeMargin.margin) }
}
