import FewShotTestSupport
import HostRuntime
import ModelCompiler
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// A network of three convolutions and cached tensors of a few photos, for trainings of some milliseconds.
final class TailFixture {
  let options: AdaptationOptions
  let plan: AdaptationPlan
  let classCount = 2
  private(set) var photos: [CachedPhoto] = []
  private(set) var unlabelled: [Int] = []
  private let file: OpenedFile
  private let cache: TensorCache
  var model: Model { file.model }

  /// - Parameters:
  ///   - shots: photos of each of two classes.
  ///   - seed: of the network's weights and the photos.
  init(
    shots: [Int] = [4, 4], unlabelled unlabelledCount: Int = 0, _ auxiliary: AdaptationOptions.Auxiliary = .none, steps: Int = 10,
    learningRate: Float = 1e-2, seed: UInt64 = 1
  ) throws {
    var random = CounterRandom(seed: seed)
    file = try OpenedFile(TailFixture.network(&random))
    var options = AdaptationOptions()
    options.layers = 2
    options.views = 1
    options.batch = 8
    options.steps = steps
    options.learningRate = learningRate
    options.auxiliary = auxiliary
    self.options = options
    let count = shots.reduce(0, +) + unlabelledCount
    plan = try AdaptationPlan(for: file.model, options, photos: count, classes: 2)
    let places = options.placesPerPhoto, size = plan.training.cutCount
    cache = TensorCache(count: count * places, entryCount: size, map: nil)
    let centres = (0..<2).map { _ in TailFixture.values(size, 1, &random) }
    func add(_ label: Int, _ photo: Int) {
      for place in 0..<places {
        cache.store(zip(centres[label], TailFixture.values(size, 2, &random)).map { $0 + $1 }, at: photo * places + place)
      }
    }
    for (label, shots) in shots.enumerated() {
      for _ in 0..<shots {
        let photo = photos.count
        add(label, photo)
        photos.append(CachedPhoto(label: label, first: photo * places))
      }
    }
    for number in 0..<unlabelledCount {
      add(number % 2, photos.count + number)
      unlabelled.append((photos.count + number) * places)
    }
  }

  func trainer() throws -> TailTrainer { try TailTrainer(file.model, plan, cache: cache) }

  /// Trains from the beginning and returns the trained file.
  func train(
    _ tail: TailTrainer, seed: UInt64 = 5, _ auxiliaries: [ObjectiveKind]? = nil, checkpoint: AdaptationCheckpoint? = nil,
    progress: (Int) -> Void = { _ in }
  ) -> [UInt8] {
    tail.restart()
    tail.train(
      photos, classCount: classCount, unlabelled: unlabelled, seed: seed, with: auxiliaries ?? options.candidates[0],
      checkpoint: checkpoint, progress: progress)
    let file = tail.trainer.trainedFile()
    return withExtendedLifetime(file) { file.bytes.array }
  }

  var identity: AdaptationIdentity { identity() }

  func identity(classes: [String] = ["a", "b"], firstPhoto: UInt64 = 100) -> AdaptationIdentity {
    AdaptationIdentity(
      model, plan, classes: classes, photos: photos.enumerated().map { ($0.element.label, firstPhoto + UInt64($0.offset)) },
      unlabelled: unlabelled.map { UInt64($0) })
  }

  private static func values(_ count: Int, _ size: Float, _ random: inout CounterRandom) -> [Float] {
    (0..<count).map { _ in random.next(from: -size, to: size) }
  }

  private static func network(_ random: inout CounterRandom) throws -> [UInt8] {
    var graph = Graph()
    var x = graph.addInput("x", TensorType(.float32, Shape(1, 2, 2, 3)))
    for (name, inputs, outputs) in [("stem", 3, 6), ("hidden", 6, 12), ("last", 12, 8)] {
      let weights = graph.addConstant("w", Shape(outputs, 1, 1, inputs), values(outputs * inputs, 0.6, &random))
      x = try graph.add(
        Convolution(window: Window(height: 1, width: 1), activation: name == "hidden" ? .relu6 : .none), name: name,
        inputs: [x, weights, graph.addConstant("b", Shape(outputs), values(outputs, 0.2, &random))])
    }
    x = try graph.add(GlobalAveragePool(), name: "mean", inputs: [x])
    graph.outputs = [try graph.add(Reshape(Shape(1, 8)), name: "flatten", inputs: [x])]
    return graph.lowered().finish()
  }
}
