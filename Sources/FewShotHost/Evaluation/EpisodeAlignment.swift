import FewShot
import HostRuntime
import TinyNN

/// An encoder that an episode's photos without labels align, by the rule of `Learning`: enough photos, enough shift, and the
/// labelled photos answer for it.
struct EpisodeAlignment {
  /// As a multiple of the largest class shift.
  let shift: Double
  /// The aligned encoder; nil where it is not taken.
  let encoder: InputEmbedder?

  /// - Parameters:
  ///   - original: the encoder that is aligned.
  ///   - unlabelled: rows of the dataset.
  init(
    _ original: InputEmbedder, _ alignment: ShiftedPhotos.Alignment, _ episodes: Episodes, _ draw: Episodes.Draw,
    _ unlabelled: [Int]
  ) throws {
    let shots = episodes.options.shots
    let support = CachedInputs(alignment.clean, draw.support), others = CachedInputs(alignment.shifted, unlabelled)
    let reference = try CameraReference(original.model, labelled: support, labels: draw.support.indices.map { $0 / shots })
    let found = CameraAlignment(reference, unlabelled: others, alignment.options)
    shift = found.shift / max(found.classShift, 1e-9)
    guard found.isAligned else {
      encoder = nil
      return
    }
    let aligned = try InputEmbedder(found.file)
    let gate = try EpisodeAlignment.gate(original, aligned, support, others, ways: episodes.options.ways)
    encoder = gate.isPassed ? aligned : nil
  }

  /// What the support, when it is left out, says of an encoder that was aligned with the others' camera.
  private static func gate(
    _ original: InputEmbedder, _ aligned: InputEmbedder, _ support: CachedInputs, _ others: CachedInputs, ways: Int
  ) throws(HeadError) -> AlignmentGate {
    let shape = original.model.tensor(original.model.input(0)).type.shape, width = shape[shape.rank - 2]
    let count = support.places.count, places = support.places
    let examples = ExampleMemory(count: count, classCount: ways, dimension: original.model.embeddingDimension)
    for index in 0..<count {
      examples.set(index, to: original.embeddings(support.cache, [places[index]]).span, label: index * ways / count)
    }
    var (look, smoothed, camera) = (CameraLook(), CameraLook(), CameraLook())
    for place in places {
      let input = original.load(support.cache, place)
      look.add(input, width: width)
      smoothed.add(CameraGuess.smoothed(input, width: width), width: width)
    }
    for place in others.places { camera.add(original.load(others.cache, place), width: width) }
    let guess = CameraGuess(labelled: look, smoothed: smoothed, camera: camera)
    let shown = places.map { guess.apply(original.load(support.cache, $0), width: width, stream: UInt64($0)) }
    return try AlignmentGate(
      HeadLearner(examples: examples, lengths: places.map { _ in 1 }, statistics: nil), .head(.prototype),
      AlignmentGate.Asked(
        aligned: places.map { LearnedExample(identifier: 0, embedding: aligned.embeddings(support.cache, [$0])) },
        ofCameraBefore: shown.map(original.example), ofCamera: shown.map(aligned.example)))
  }
}
