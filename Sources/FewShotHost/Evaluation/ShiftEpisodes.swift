import FewShot
import HostRuntime
public import TinyNN

/// Episodes whose queries come from another camera than the labelled photos.
public struct ShiftResult: Sendable {
  /// Queries as the labelled photos' camera sees them; through the other camera; through it with the aligned encoder.
  public internal(set) var unshifted: [Double] = []
  public internal(set) var frozen: [Double] = []
  public internal(set) var aligned: [Double] = []
  /// Shift as a multiple of the largest class shift, and in how many episodes it was large enough.
  public internal(set) var shifts: [Double] = []
  public internal(set) var alignedCount = 0

  public var gain: EpisodeResult { EpisodeResult(accuracies: aligned).minus(EpisodeResult(accuracies: frozen)) }
}

/// Which photos without labels an episode gets.
public struct UnlabelledDraw: Equatable, Sendable {
  /// Photos of each class, at most.
  public var perClass = 25
  /// From how many of the episode's classes they come: fewer make them imbalanced.
  public var classes = 5
  public init() {}
}

extension Episodes {
  /// Photos of the episode's classes that are neither support nor queries.
  func unlabelled(_ draw: Draw, _ options: UnlabelledDraw) -> [Int] {
    let used = Set(draw.support).union(draw.queries.map(\.row))
    var rows: [Int] = []
    for label in 0..<min(options.classes, self.options.ways) {
      guard let range = dataset.ranges.first(where: { $0.contains(draw.support[label * self.options.shots]) }) else { continue }
      rows += range.filter { !used.contains($0) }.prefix(options.perClass)
    }
    return rows
  }

  /// Prototypes of clean photos classify shifted ones, with and without alignment. Row r of the dataset is place r of both caches,
  /// which hold inputs of `model`.
  public func runShift(
    _ model: Model, clean: TensorCache, shifted: TensorCache, _ which: UnlabelledDraw, _ alignment: CameraAlignmentOptions,
    progress: (Int) -> Void = { _ in }
  ) throws -> ShiftResult {
    var result = ShiftResult()
    let dimension = dataset.dimension
    let shape = model.tensor(model.input(0)).type.shape, width = shape[shape.rank - 2]
    let original = try InputEmbedder(AlignedMemory(copying: model.bytes))
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      let labels = draw.queries.map(\.label), queries = draw.queries.map(\.row), others = unlabelled(draw, which)
      let prototypes = prototypes(original.embeddings(clean, draw.support))
      func accuracy(_ embedder: InputEmbedder, _ cache: TensorCache) -> Double {
        let right = NearestPrototype.rightCount(embedder.embeddings(cache, queries), labels, prototypes, dimension: dimension)
        return 100 * Double(right) / Double(queries.count)
      }
      let reference = try CameraReference(
        model, labelled: CachedInputs(clean, draw.support), labels: draw.support.indices.map { $0 / options.shots })
      let found = CameraAlignment(reference, unlabelled: CachedInputs(shifted, others), alignment)
      result.unshifted.append(accuracy(original, clean))
      result.frozen.append(accuracy(original, shifted))
      var taken = found.isAligned ? try InputEmbedder(found.file) : nil
      if let aligned = taken {
        let inputs = (CachedInputs(clean, draw.support), CachedInputs(shifted, others))
        if try !gate(original, aligned, inputs.0, inputs.1, width: width).isPassed { taken = nil }
      }
      result.aligned.append(taken.map { accuracy($0, shifted) } ?? result.frozen[episode])
      result.shifts.append(found.shift / max(found.classShift, 1e-9))
      result.alignedCount += taken == nil ? 0 : 1
      progress(episode + 1)
    }
    return result
  }

  /// What the support, when it is left out, says of an encoder that was aligned with the others' camera.
  private func gate(
    _ original: InputEmbedder, _ aligned: InputEmbedder, _ support: CachedInputs, _ others: CachedInputs, width: Int
  ) throws(HeadError) -> AlignmentGate {
    let examples = ExampleMemory(count: support.places.count, classCount: options.ways, dimension: dataset.dimension)
    for (index, row) in support.places.enumerated() {
      examples.set(index, to: original.embeddings(support.cache, [row]).span, label: index / options.shots)
    }
    var (look, smoothed, camera) = (CameraLook(), CameraLook(), CameraLook())
    for place in support.places {
      let input = original.load(support.cache, place)
      look.add(input, width: width)
      smoothed.add(CameraGuess.smoothed(input, width: width), width: width)
    }
    for place in others.places { camera.add(original.load(others.cache, place), width: width) }
    let guess = CameraGuess(labelled: look, smoothed: smoothed, camera: camera)
    let shown = support.places.map { guess.apply(original.load(support.cache, $0), width: width, stream: UInt64($0)) }
    return try AlignmentGate(
      HeadLearner(examples: examples, lengths: support.places.map { _ in 1 }, statistics: nil), .head(.prototype),
      AlignmentGate.Asked(
        aligned: support.places.map { LearnedExample(identifier: 0, embedding: aligned.embeddings(support.cache, [$0])) },
        ofCameraBefore: shown.map(original.example), ofCamera: shown.map(aligned.example)))
  }
}

/// Embeds cached inputs.
final class InputEmbedder {
  private let encoder: ModelRunner
  private let input: AlignedMemory

  init(_ file: AlignedMemory) throws(ModelError) {
    encoder = try ModelRunner(memory: file)
    input = AlignedMemory(byteCount: 4 * encoder.model.tensor(encoder.model.input(0)).type.shape.count)
  }

  /// Of length 1: [places][dimension].
  func embeddings(_ cache: TensorCache, _ places: [Int]) -> [Float] {
    places.flatMap { place in
      cache.load(place, to: input.floats)
      encoder.session.setInput(input.floats)
      encoder.session.run()
      let output = encoder.session.output().floats
      return (0..<output.count).map { output[$0] }.normalized().values
    }
  }

  /// What the network takes.
  func load(_ cache: TensorCache, _ place: Int) -> [Float] {
    cache.load(place, to: input.floats)
    return (0..<input.floats.count).map { input.floats[$0] }
  }

  func example(_ values: [Float]) -> LearnedExample {
    for index in values.indices { input.floats[index] = values[index] }
    encoder.session.setInput(input.floats)
    encoder.session.run()
    let output = encoder.session.output().floats
    return LearnedExample(identifier: 0, embedding: (0..<output.count).map { output[$0] })
  }
}
