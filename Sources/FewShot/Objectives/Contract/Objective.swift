public import TinyNN

/// What a tail is trained for: a loss over rows of a batch, with memory that the caller lends.
///
/// Each objective has its own rows of a batch, drawn as `rows` says from the views that `views` describes; the trainer runs
/// the tail on all of them, lets each objective write the gradients by its rows' embeddings, runs the tail backward, and
/// updates the tail and then the objectives. A new objective is its own file and one case with one arm in `ObjectiveKind`.
public protocol Objective {
  /// The views that it wants of each photo. `augmented`: mild random views that there is room for, besides the photo.
  static func views(augmented: Int) -> ViewRecipe
  /// The rows of a batch that it takes.
  static var rows: RowRecipe { get }
  /// Trains only besides another objective.
  static var isAuxiliary: Bool { get }
  /// Whether held-out photos may choose it unasked (`auto`): only what was measured to help (Benchmarks/results/objectives.md).
  static var isTriedUnasked: Bool { get }
  /// The weight of its loss where the part `phase` of the steps is done, 0 ..< 1.
  static func weight(phase: Float) -> Float
  /// Whether it wants the embeddings of its rows by the average of the tail's weights, too.
  static var usesAverage: Bool { get }
  /// How its rows are pushed at the cut before the loss, which then also gets their embeddings without the push; nil: they are not.
  static var perturbation: CutPerturbation? { get }
  /// Steps from one call of `prepare` to the next, the first before the first step; 0: it is never called.
  static var preparationInterval: Int { get }

  /// float32 values of memory, all that it keeps and works in.
  static func memoryCount(_ shape: ObjectiveShape) -> Int
  /// Weights of its own. Its memory begins with them, and their gradients follow.
  static func parameterCount(_ shape: ObjectiveShape) -> Int

  /// Nil where `memory` holds less than `memoryCount` values. The memory is its owner's, so that objectives of the same memory
  /// are the same objective; `reset` comes before its first use.
  init?(_ shape: ObjectiveShape, memory: Elements<Float>)
  /// All that it keeps and works in.
  var memory: Elements<Float> { get }
  /// Forgets what was learned and draws the first weights.
  func reset(random: inout CounterRandom)
  /// Computes its targets. `photos`: the embeddings of all photos, of length 1, by the tail as it is now, those with a label
  /// first.
  func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix)
  /// The mean loss of the rows. Writes `batch.weight` times its derivative by their embeddings to `batch.gradients`, and adds
  /// that by its own weights to their gradients.
  func loss(_ batch: ObjectiveBatch) -> Float
  /// Updates its own weights and clears their gradients. `learningRate`: the tail's of this step; `step` counts from 1.
  func update(learningRate: Float, step: Int)
}

extension Objective {
  public static var isAuxiliary: Bool { true }
  public static var isTriedUnasked: Bool { false }
  public static func weight(phase: Float) -> Float { 1 }
  public static var usesAverage: Bool { false }
  public static var perturbation: CutPerturbation? { nil }
  public static var preparationInterval: Int { 0 }
  public static func parameterCount(_ shape: ObjectiveShape) -> Int { 0 }
  public func reset(random: inout CounterRandom) { memory.clear() }
  public func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {}
  public func update(learningRate: Float, step: Int) {}
}

/// The sizes that an objective's memory follows from.
public struct ObjectiveShape: Equatable, Sendable {
  /// Values of an embedding.
  public var dimension: Int
  public var classCount: Int
  /// Photos that train, with and without labels.
  public var photoCount: Int
  /// Rows of its own in a batch.
  public var rowCount: Int

  public init(dimension: Int, classCount: Int, photoCount: Int, rowCount: Int) {
    self.dimension = dimension
    self.classCount = classCount
    self.photoCount = photoCount
    self.rowCount = rowCount
  }
}

/// One row of a batch: a view of a photo.
public struct ObjectiveRow: BitwiseCopyable, Equatable, Sendable {
  /// The photo's number, from 0; those with a label come first.
  public var photo: Int32
  /// The view's number in the objective's `ViewRecipe`.
  public var view: Int32
  /// The photo's class, or -1.
  public var label: Int32
  /// Of its tensor at the cut; the rest is another photo's. 1: there is no other.
  public var share: Float = 1
  /// The other photo and its class, or -1.
  public var mate: Int32 = -1
  public var mateLabel: Int32 = -1

  public init(photo: Int = 0, view: Int = 0, label: Int = -1) {
    self.photo = Int32(truncatingIfNeeded: photo)
    self.view = Int32(truncatingIfNeeded: view)
    self.label = Int32(truncatingIfNeeded: label)
  }
}

/// An objective's rows of one batch, with everything that the trainer lends for the duration of a call.
public struct ObjectiveBatch {
  public let rows: Elements<ObjectiveRow>
  /// As the tail gives them, of any length: [rows][dimension].
  public let embeddings: Elements<Float>
  /// Where their gradients go: [rows][dimension].
  public let gradients: Elements<Float>
  /// The embeddings by the average of the tail's weights; nil unless the objective `usesAverage`.
  public let averaged: Elements<Float>?
  /// The embeddings of the rows as they were before they were pushed; nil unless the objective has a `perturbation`.
  public let unperturbed: Elements<Float>?
  /// Of the classes, by the tail before training, of length 1.
  public let prototypes: EmbeddingMatrix
  /// What the gradients are multiplied by.
  public let weight: Float

  public init(
    rows: Elements<ObjectiveRow>, embeddings: Elements<Float>, gradients: Elements<Float>, averaged: Elements<Float>? = nil,
    unperturbed: Elements<Float>? = nil, prototypes: EmbeddingMatrix, weight: Float = 1
  ) {
    self.rows = rows
    self.embeddings = embeddings
    self.gradients = gradients
    self.averaged = averaged
    self.unperturbed = unperturbed
    self.prototypes = prototypes
    self.weight = weight
  }

  public func embedding(_ row: Int) -> Elements<Float> { part(embeddings, row) }
  public func gradient(_ row: Int) -> Elements<Float> { part(gradients, row) }
  /// Nil unless the objective `usesAverage`.
  public func average(_ row: Int) -> Elements<Float>? {
    guard let averaged else { return nil }
    return part(averaged, row)
  }
  /// Nil unless the objective has a `perturbation`.
  public func unperturbed(_ row: Int) -> Elements<Float>? {
    guard let unperturbed else { return nil }
    return part(unperturbed, row)
  }

  private func part(_ values: Elements<Float>, _ row: Int) -> Elements<Float> {
    let dimension = prototypes.dimension
    return values.slice(row * dimension, dimension)
  }
}
