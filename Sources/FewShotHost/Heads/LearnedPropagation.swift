import FewShot
import HostRuntime
import TinyNN

/// What photos without labels taught: memory around `PropagationLearner`.
public struct LearnedPropagation: Sendable {
  /// Of the section.
  private let memory: AlignedMemory
  private let examples: ExampleMemory
  /// Photos without labels.
  public let photos: Int
  /// False where they lie elsewhere than the labelled photos; then the head answers alone.
  public let isTrusted: Bool
  /// Whether the head's threshold is for scores with the nearness to these photos.
  private(set) var countsNearness = false

  /// `unlabelled` has at least one photo.
  init(_ examples: ExampleMemory, _ unlabelled: UnlabelledPhotos) {
    self.examples = examples
    photos = unlabelled.count
    let classes = examples.classCount, dimension = examples.dimension
    memory = AlignedMemory(
      byteCount: PropagatedParts.byteCount(photos: photos, labelled: examples.count, classes: classes, dimension: dimension))
    let parts = LearnedPropagation.parts(memory, examples, photos: photos)
    unlabelled.write(to: parts)
    let scratch = AlignedMemory(
      byteCount: 4
        * PropagationLearner.scratchCount(labelled: examples.count, unlabelled: photos, classes: classes, dimension: dimension))
    isTrusted = PropagationLearner.learn(
      DevicePhotos(labelled: examples.support, unlabelled: parts.rows), into: parts, scratch: scratch.floats)
    withExtendedLifetime((examples, scratch)) {}
    writeHeader()
  }

  private func writeHeader() {
    LearnedPropagation.parts(memory, examples, photos: photos).writeHeader(
      isTrusted: isTrusted, countsNearness: countsNearness, to: memory.elements)
  }

  /// The nearness of the labelled photos and of the background, which counts in scores from now on; nil where the head answers
  /// alone.
  mutating func nearness(_ statistics: StatisticsView?) -> AlignedMemory? {
    guard let classifier else { return nil }
    let values = AlignedMemory(byteCount: 4 * (examples.count + (statistics?.backgroundCount ?? 0)))
    let scratch = AlignedMemory(
      byteCount: 4
        * PropagatedClassifier.nearnessScratchCount(
          labelled: examples.count, unlabelled: photos, classes: examples.classCount, dimension: examples.dimension))
    classifier.writeNearness(statistics, to: values.floats, scratch: scratch.floats)
    withExtendedLifetime(scratch) {}
    countsNearness = true
    writeHeader()
    return values
  }

  private static func parts(_ memory: AlignedMemory, _ examples: ExampleMemory, photos: Int) -> PropagatedParts {
    PropagatedParts(
      memory.elements, photos: photos, labelled: examples.count, classes: examples.classCount, dimension: examples.dimension)
  }

  var section: [UInt8] { Array(memory.buffer) }

  /// Nil where it is not trusted; valid as long as this value, or a copy of it.
  var classifier: PropagatedClassifier? {
    guard isTrusted else { return nil }
    let parts = LearnedPropagation.parts(memory, examples, photos: photos)
    return PropagatedClassifier(
      DevicePhotos(labelled: examples.support, unlabelled: parts.rows), parts, countsNearness: countsNearness)
  }
}
