import FewShot
import HostRuntime
import TinyNN

/// What a head says of each photo that learned from all others: ridge regression, or prototypes where there are too many photos
/// for it.
struct LeftOutAnswers {
  /// Places of the photos that took part, those of classes with at least two.
  let places: [Int]
  /// [places][classes that took part]
  let probabilities: [[Float]]
  /// The class of each column.
  let classes: [Int]
  /// Probabilities of a photo's own class, and of the others, are about the same for all.
  let isChance: Bool

  /// Nil where fewer than two classes have two photos.
  init?(_ reviewed: ReviewedPhotos, statistics: StatisticsView?) {
    let byClass = reviewed.places
    classes = byClass.indices.filter { byClass[$0].count > 1 }
    guard classes.count > 1 else { return nil }
    places = classes.flatMap { byClass[$0] }
    let (examples, lengths) = reviewed.examples(places, classes)
    let learner = HeadLearner(examples: examples, lengths: lengths, statistics: statistics)
    let count = examples.count, width = classes.count
    let leftOut = AlignedMemory(byteCount: 4 * count * width)
    defer { withExtendedLifetime((examples, leftOut)) {} }
    var preset = HeadMethod.prototype.traits.presetScale
    if count <= HeadMethod.ridge.traits.exampleLimit, let features = try? learner.features(of: .ridge) {
      let features = features
      let scratch = AlignedMemory(
        byteCount: 4 * GramMemory.count(examples: count, classes: width, features: features.map.count))
      let memory = GramMemory(scratch.floats, examples: count, classes: width, features: features.map.count)
      let diagonal = memory.prepare(features.matrix)
      RidgeHead.solve(
        examples.support(features.matrix), penalty: LeftOutAnswers.penalty * diagonal, memory, leftOut: leftOut.floats)
      preset = HeadMethod.ridge.traits.presetScale
      withExtendedLifetime((scratch, features)) {}
    } else {
      LeaveOut.writeCosines(examples.support, to: leftOut.floats)
    }
    isChance = LinearCalibrator.isChance(examples.support, leftOut.floats)
    let scale = LinearCalibrator.fittedScale(examples.support, leftOut.floats, preset: preset)
    probabilities = (0..<count).map { row in
      let scores = leftOut.floats.slice(row * width, width)
      scores.softmax(scale: scale, width)
      return (0..<width).map { scores[$0] }
    }
  }

  /// Strong, so that a wrong label moves the answers of its neighbours little.
  private static let penalty: Float = 2

  /// [true class][answered class] of all classes.
  func confusion(_ reviewed: ReviewedPhotos) -> [[Int]] {
    let count = reviewed.classNames.count
    var confusion = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
    for (place, row) in zip(places, probabilities) {
      confusion[reviewed.photos[place].label][classes[row.largest]] += 1
    }
    return confusion
  }
}

extension ReviewedPhotos {
  /// Some of the photos as examples, labelled by their class's place in `classes`.
  func examples(_ places: [Int], _ classes: [Int]) -> (examples: ExampleMemory, lengths: [Float]) {
    let examples = ExampleMemory(
      count: places.count, classCount: classes.count, dimension: embeddings.first?.embedding.count ?? 1)
    for (index, place) in places.enumerated() {
      let embedding = embeddings[place].embedding
      examples.set(index, to: embedding.span, label: classes.firstIndex(of: photos[place].label)!)
    }
    return (examples, places.map { embeddings[$0].length })
  }
}

extension [Float] {
  /// The place of the largest value, the first of equals.
  var largest: Int { indices.max { self[$0] < self[$1] || (self[$0] == self[$1] && $0 > $1) } ?? 0 }
}
