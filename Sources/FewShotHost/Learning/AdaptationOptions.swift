import FewShot
import ModelCompiler
public import TinyNN

/// How the tail is trained.
public struct AdaptationOptions: Equatable, Sendable {
  /// Convolutions and dense layers of the tail, at most.
  public var layers = 6
  /// Augmented views of each photo, besides the photo as it is.
  public var views = 8
  public var batch = 32
  public var steps = 100
  public var learningRate: Float = 1e-3
  public var optimizer = TrainingOptions.Optimizer.adam
  /// Only biases train: the smallest choice.
  public var biasesOnly = false
  /// Objectives besides the labels.
  public var auxiliary = Auxiliary.none
  /// The weight of the rotation objective's loss at the start; it falls to 0 at two thirds of the steps.
  public var rotationWeight: Float = 0.5
  public var seed: UInt64 = 0
  /// Labelled photos of a class that are cached and train, at most; the others teach the prototypes all the same.
  public var photosPerClass = 64

  public enum Auxiliary: String, CaseIterable, Sendable {
    case none, rotation
    /// Held-out photos decide between the two.
    case auto
  }

  public init() {}

  /// Quarter turns of the photos are kept, too.
  var turnsPhotos: Bool { auxiliary != .none }

  /// The ways of training that are tried on held-out photos, the one that is preferred first.
  public var candidates: [AdaptationCandidate] {
    let plain = [
      AdaptationCandidate(learningRateFactor: 1, rotates: false), AdaptationCandidate(learningRateFactor: 0.3, rotates: false),
    ]
    switch auxiliary {
    case .none: return plain
    case .rotation: return plain.map { AdaptationCandidate(learningRateFactor: $0.learningRateFactor, rotates: true) }
    case .auto: return plain + [AdaptationCandidate(learningRateFactor: 1, rotates: true)]
    }
  }

  /// The training of a network from operator `first`.
  func training(from first: Int) -> TrainingOptions {
    var options = TrainingOptions(firstOperator: first, batch: batch, optimizer: optimizer)
    if biasesOnly { options.weights = OperatorSet() }
    return options
  }
}

/// One way of training the tail.
public struct AdaptationCandidate: Equatable, Sendable {
  /// Of `AdaptationOptions.learningRate`.
  public let learningRateFactor: Float
  /// With the rotation objective.
  public let rotates: Bool

  public init(learningRateFactor: Float, rotates: Bool) {
    self.learningRateFactor = learningRateFactor
    self.rotates = rotates
  }
}

/// Bytes of an adaptation, known before it runs.
public struct AdaptationPlan: Sendable {
  public let options: AdaptationOptions
  public let training: TrainingPlan
  /// First operator of the tail, and its convolutions and dense layers.
  public let firstOperator: Int
  public let layers: Int
  /// Photos whose tensors at the cut are kept.
  public let photos: Int
  /// Arena of the whole network and scratch of preprocessing: while photos go through the trunk.
  public let trunkByteCount: Int
  /// Tensors at the cut of all views as int8.
  public let cacheByteCount: Int
  /// Embeddings, prototypes, the rotation head.
  public let headByteCount: Int

  /// The tensor of the model at the cut.
  public var cutTensor: Int { training.cutTensor }

  /// The trunk's memory and the training's are both held.
  public var byteCount: Int { trunkByteCount + cacheByteCount + training.arenaByteCount + headByteCount }

  /// - Parameters:
  ///   - photos: those that train.
  ///   - examples: all labelled photos, of which the others are kept as embeddings.
  /// - Throws: `TrainingError` where no tail of the network can be trained.
  public init(
    for model: Model, _ options: AdaptationOptions, photos: Int, examples: Int = 0, classes: Int, trunkByteCount: Int
  ) throws(TrainingError) {
    self.options = options
    self.photos = photos
    let cut = try AdaptationPlan.cut(of: model, options)
    (firstOperator, training, layers) = (cut.first, cut.plan, cut.layers)
    self.trunkByteCount = trunkByteCount
    let perPhoto = 1 + options.views + (options.turnsPhotos ? 4 : 0)
    let dimension = model.tensor(model.output(0)).type.shape.count
    cacheByteCount = photos * perPhoto * (training.cutCount + 8)
    let rotation = options.turnsPhotos ? RotationObjective(dimension: dimension).memoryCount : 0
    let embeddings = photos * (1 + options.views) + 3 * max(0, examples - photos) + 2 * classes
    headByteCount = 4 * (embeddings * dimension + classes + rotation)
  }

  /// Everything that the result depends on besides the model and the photos.
  var identifyingBytes: [UInt8] {
    var bytes: [UInt8] = []
    for value in [
      firstOperator, options.layers, options.views, options.batch, options.steps, options.photosPerClass,
      Int(options.optimizer.rawValue), options.biasesOnly ? 1 : 0,
    ] {
      bytes.append(word: UInt32(value))
    }
    for value in [options.learningRate, options.rotationWeight] { bytes.append(float: value) }
    bytes.append(word: options.seed)
    return bytes + Array(options.auxiliary.rawValue.utf8)
  }

  /// The deepest cut with at most `options.layers` layers behind it.
  private static func cut(of model: Model, _ options: AdaptationOptions) throws(TrainingError) -> (
    first: Int, plan: TrainingPlan, layers: Int
  ) {
    var best: (first: Int, plan: TrainingPlan, layers: Int)?
    var (layers, failure) = (0, TrainingError?.none)
    for first in stride(from: model.operatorCount - 1, through: 1, by: -1) {
      if model.weightForm(ofOperator: first) != nil { layers += 1 }
      if layers > options.layers { break }
      guard layers > 0 else { continue }
      do { best = (first, try TrainingPlan(for: model, options.training(from: first)), layers) } catch {
        // A cut through a residual is none, a shallower or deeper one is; what cannot be differentiated ends the search.
        failure = error
        if error.reason == .notDifferentiable { break }
      }
    }
    guard let best else { throw failure ?? TrainingError.noTail }
    return best
  }

  /// All plans, the preferred ones first: fewer views, then smaller batches, then shallower tails, then momentum instead of Adam,
  /// at last biases only.
  public static func ladder(
    _ model: Model, _ wanted: AdaptationOptions, photos: Int, examples: Int = 0, classes: Int, trunkByteCount: Int
  ) throws(TrainingError) -> [AdaptationPlan] {
    var plans: [AdaptationPlan] = []
    for (optimizer, biasesOnly) in [(wanted.optimizer, false), (.sgd, false), (.sgd, true)] {
      for layers in stride(from: wanted.layers, through: 1, by: -1) {
        for batch in [wanted.batch, 16, 8, 4, 2, 1] where batch == wanted.batch || batch < wanted.batch {
          for views in [wanted.views, 4, 2, 1, 0] where views == wanted.views || views < wanted.views {
            var options = wanted
            (options.optimizer, options.biasesOnly, options.layers, options.batch, options.views) = (
              optimizer, biasesOnly, layers, batch, views
            )
            do {
              let plan = try AdaptationPlan(
                for: model, options, photos: photos, examples: examples, classes: classes, trunkByteCount: trunkByteCount)
              // Shallower wishes may end at the same cut.
              if plan.layers == layers || layers == wanted.layers { plans.append(plan) }
            } catch { if layers == 1, plans.isEmpty { throw error } }
          }
        }
      }
    }
    return plans
  }

  /// The preferred plan that fits into `budget`, nil if none does; the next that a larger budget would allow, the next for a
  /// smaller one; and the least that any takes.
  public static func fitting(
    _ budget: Int, model: Model, _ wanted: AdaptationOptions, photos: Int, examples: Int = 0, classes: Int, trunkByteCount: Int
  ) throws(TrainingError) -> (plan: AdaptationPlan?, larger: AdaptationPlan?, smaller: AdaptationPlan?, smallest: Int) {
    let plans = try ladder(model, wanted, photos: photos, examples: examples, classes: classes, trunkByteCount: trunkByteCount)
    let place = plans.firstIndex { $0.byteCount <= budget }
    let larger = plans[..<(place ?? plans.count)].min { $0.byteCount < $1.byteCount }
    let smaller = place.flatMap { place in plans[place...].first { $0.byteCount < plans[place].byteCount } }
    return (place.map { plans[$0] }, larger, smaller, plans.map(\.byteCount).min() ?? 0)
  }
}
