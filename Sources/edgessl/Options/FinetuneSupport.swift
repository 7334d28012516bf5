import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import TinyNN

extension AdaptationOptions.Auxiliary: ExpressibleByArgument {}

/// Options of tail training, shared by the commands that train.
struct FinetuneOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Layers of the tail that trains with --method finetune, at most.", valueName: "N"))
  var layers = AdaptationOptions().layers

  @Option(help: ArgumentHelp("Steps of training.", valueName: "N"))
  var steps = AdaptationOptions().steps

  @Option(
    help: ArgumentHelp(
      """
      Views of each photo to learn from, itself, its mirror image, crops: heads take their mean embedding (1 to \
      \(View.averagedCount); adapt takes \(View.averagedCount(photos: 2)) unless told, \
      \(View.averagedCount(photos: 1)) for a class with one photo, evaluate 1); --method finetune trains on so \
      many more (0 to 64, \(AdaptationOptions().views) unless told).
      """,
      valueName: "N"))
  var views: Int?

  @Option(help: ArgumentHelp("Examples of one step.", valueName: "N"))
  var batch = AdaptationOptions().batch

  @Option(help: ArgumentHelp("Learning rate at the start.", valueName: "R"))
  var learningRate = AdaptationOptions().learningRate

  @Option(
    help: ArgumentHelp(
      """
      What --method finetune trains besides the labels: one of these, or several separated by commas; auto lets held-out photos \
      decide among those that were measured to help. See Documentation/objectives.md.
      """, valueName: "NAME,..."))
  var auxiliary = AdaptationOptions.Auxiliary.none

  func validate() throws {
    for (name, value, range) in [
      ("--layers", layers, 1...100), ("--steps", steps, 1...100_000), ("--views", views ?? 1, 0...64), ("--batch", batch, 1...256),
    ] where !range.contains(value) {
      throw ValidationError("\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
    guard learningRate > 0, learningRate <= 1 else {
      throw ValidationError("--learning-rate is \(learningRate); it must be above 0 and at most 1")
    }
  }

  func adaptation(seed: UInt64) -> AdaptationOptions {
    var options = AdaptationOptions()
    options.layers = layers
    options.steps = steps
    options.batch = batch
    if let views { options.views = views }
    options.learningRate = learningRate
    options.seed = seed
    options.auxiliary = auxiliary
    return options
  }
}

extension FinetuneOptions {
  /// The views whose mean embedding heads learn from; nil where nothing was said.
  func averagedViews() throws(Failure) -> Int? {
    guard let views else { return nil }
    guard 1...View.averagedCount ~= views else {
      throw Failure(.usage, "--views is \(views); it must be 1 to \(View.averagedCount) for heads")
    }
    return views
  }
}
