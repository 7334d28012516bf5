import ModelCompiler
public import TinyNN

/// Which tail of an encoder trains, and how; `LearningPlan` has its bytes.
public struct AdaptationPlan: Sendable {
  public let options: AdaptationOptions
  public let training: TrainingPlan
  /// First operator of the tail, and its convolutions and dense layers.
  public let firstOperator: Int
  public let layers: Int
  /// Photos whose tensors at the cut are kept.
  public let photos: Int
  public let classes: Int

  /// The tensor of the model at the cut.
  public var cutTensor: Int { training.cutTensor }

  /// - Parameters:
  ///   - model: the encoder.
  ///   - options: what is wanted.
  ///   - photos: those that train.
  ///   - classes: that they show.
  /// - Throws: `TrainingError` where no tail of the network can be trained.
  public init(for model: Model, _ options: AdaptationOptions, photos: Int, classes: Int) throws(TrainingError) {
    try self.init(TailCuts(model), options, photos: photos, classes: classes)
  }

  init(_ cuts: TailCuts, _ options: AdaptationOptions, photos: Int, classes: Int) throws(TrainingError) {
    self.options = options
    self.photos = photos
    self.classes = classes
    let cut = try cuts.deepest(options)
    firstOperator = cut.first
    training = cut.plan
    layers = cut.layers
  }

  /// Places that a photo and its views take in the cut cache.
  public var placesPerPhoto: Int { options.placesPerPhoto }

  /// float32 values of the objectives' memory, and of what the trainer lends them besides.
  func objectiveCount(dimension: Int) -> Int {
    let mixes = options.objectives.contains { $0.type.rows.mixes }
    return options.objectiveValueCount(dimension: dimension, classes: classes, photos: photos) + (mixes ? training.cutCount : 0)
  }

  /// Everything that the result depends on besides the model and the photos.
  var identifyingBytes: [UInt8] {
    var bytes: [UInt8] = []
    for value in [
      firstOperator, options.layers, options.views, options.batch, options.steps, options.photosPerClass,
      Int(options.optimizer.rawValue), options.biasesOnly ? 1 : 0, options.isUngated ? 1 : 0,
    ] {
      bytes.append(word: UInt32(value))
    }
    bytes.append(float: options.learningRate)
    bytes.append(word: options.seed)
    return bytes + Array(options.auxiliary.rawValue.utf8)
  }

  /// All choices, the preferred ones first: fewer views, then smaller batches, then shallower tails, then momentum instead of Adam,
  /// at last biases only.
  static func ladder(_ model: Model, _ wanted: AdaptationOptions, photos: Int, classes: Int) throws(TrainingError)
    -> [AdaptationPlan]
  {
    let cuts = TailCuts(model)
    var plans: [AdaptationPlan] = []
    for (optimizer, biasesOnly) in [(wanted.optimizer, false), (.sgd, false), (.sgd, true)] {
      for layers in stride(from: wanted.layers, through: 1, by: -1) {
        for batch in [wanted.batch, 16, 8, 4, 2, 1] where batch == wanted.batch || batch < wanted.batch {
          for views in [wanted.views, 4, 2, 1, 0] where views == wanted.views || views < wanted.views {
            var options = wanted
            options.optimizer = optimizer
            options.biasesOnly = biasesOnly
            options.layers = layers
            options.batch = batch
            options.views = views
            do {
              let plan = try AdaptationPlan(cuts, options, photos: photos, classes: classes)
              // Shallower wishes may end at the same cut.
              if plan.layers == layers || layers == wanted.layers { plans.append(plan) }
            } catch { if layers == 1, plans.isEmpty { throw error } }
          }
        }
      }
    }
    return plans
  }
}

/// The places where a network can be cut into trunk and tail, each planned once for each way of training.
final class TailCuts {
  typealias Cut = (first: Int, plan: TrainingPlan, layers: Int)

  private struct Key: Hashable {
    let batch: Int
    let optimizer: TrainingOptions.Optimizer
    let biasesOnly: Bool
    let first: Int
  }

  private let model: Model
  private var plans: [Key: Result<TrainingPlan, TrainingError>] = [:]

  init(_ model: Model) { self.model = model }

  /// The deepest cut with at most `options.layers` layers behind it.
  func deepest(_ options: AdaptationOptions) throws(TrainingError) -> Cut {
    var best: Cut?
    var (layers, failure) = (0, TrainingError?.none)
    for first in stride(from: model.operatorCount - 1, through: 1, by: -1) {
      if model.weightForm(ofOperator: first) != nil { layers += 1 }
      if layers > options.layers { break }
      guard layers > 0 else { continue }
      do { best = (first, try plan(first, options), layers) } catch {
        // A cut through a residual is none, a shallower or deeper one is; what cannot be differentiated ends the search.
        failure = error
        if error.reason == .notDifferentiable { break }
      }
    }
    guard let best else { throw failure ?? TrainingError.noTail }
    return best
  }

  private func plan(_ first: Int, _ options: AdaptationOptions) throws(TrainingError) -> TrainingPlan {
    let key = Key(
      batch: options.batch, optimizer: options.optimizer, biasesOnly: options.biasesOnly, first: first)
    if let known = plans[key] { return try known.get() }
    let result = Result { () throws(TrainingError) in try TrainingPlan(for: model, options.training(from: first)) }
    plans[key] = result
    return try result.get()
  }
}
