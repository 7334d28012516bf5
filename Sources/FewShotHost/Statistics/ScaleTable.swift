public import FewShot
import TinyNN

/// Scales of the softmax for one and two photos of a class, of each head: where leaving photos out says nothing, or little, they
/// are those that make the answers of few-shot episodes over other classes likeliest.
///
/// The classes of an episode are one and those nearest to it, which are about as hard to tell apart as what people teach.
public struct ScaleTable: Equatable, Sendable {
  public static let shots = 1...2
  public static let ways = 5
  /// Photos of a class that it must have at least.
  public static let photoMinimum = shots.upperBound + 2
  /// [shots][heads], heads in the order of their codes; 0 where the encoder cannot have the head.
  public let scales: [[Float]]

  init(scales: [[Float]]) { self.scales = scales }

  /// Nil where `dataset` has too few classes with enough photos. `statistics` are the encoder's.
  public init?(_ dataset: EmbeddedDataset, statistics: StatisticsView?, episodes: Int = 400, seed: UInt64 = 0) {
    let classes = dataset.ranges.indices.filter { dataset.ranges[$0].count >= ScaleTable.photoMinimum }
    guard classes.count >= ScaleTable.ways else { return nil }
    let groups = ScaleTable.nearest(dataset, classes).map { nearest in
      dataset.selecting(nearest.prefix(ScaleTable.ways).map { classes[$0] })
    }
    var scales: [[Float]] = []
    for shots in ScaleTable.shots {
      var outcomes = [[(scores: [Float], label: Int)]](repeating: [], count: HeadMethod.allCases.count)
      for (index, group) in groups.enumerated() {
        var options = EpisodeOptions()
        options.ways = ScaleTable.ways
        options.shots = shots
        options.seed = seed &+ UInt64(index)
        options.episodes = (episodes + groups.count - 1) / groups.count
        guard let drawn = try? Episodes(group, options) else { continue }
        for (column, method) in HeadMethod.allCases.enumerated() {
          outcomes[column] += (try? drawn.scores(method, statistics: statistics)) ?? []
        }
      }
      scales.append(outcomes.map(ScaleTable.likeliest))
    }
    self.scales = scales
  }

  /// Indices into `classes`, the nearest class means first, of each.
  private static func nearest(_ dataset: EmbeddedDataset, _ classes: [Int]) -> [[Int]] {
    let means = classes.map { label -> [Float] in
      var mean = [Float](repeating: 0, count: dataset.dimension)
      for row in dataset.ranges[label] {
        for column in mean.indices {
          mean[column] += dataset.rows[row * dataset.dimension + column] / Float(dataset.ranges[label].count)
        }
      }
      return mean
    }
    return means.map { centre in
      let distances = means.map { other in zip(centre, other).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
      return means.indices.sorted { distances[$0] == distances[$1] ? $0 < $1 : distances[$0] < distances[$1] }
    }
  }

  /// The scale with the largest likelihood, to an eighth of an octave between 2^-6 and 2^12; 0 without outcomes.
  private static func likeliest(_ outcomes: [(scores: [Float], label: Int)]) -> Float {
    guard !outcomes.isEmpty else { return 0 }
    func loss(_ step: Int) -> Double {
      let scale = ScaleTable.scale(step)
      return outcomes.reduce(0) { sum, outcome in
        let largest = outcome.scores.max()!
        let total = outcome.scores.reduce(Float(0)) { $0 + ElementaryMath.exp(scale * ($1 - largest)) }
        return sum + Double(ElementaryMath.log(total) - scale * (outcome.scores[outcome.label] - largest))
      }
    }
    func best(_ steps: some Sequence<Int>) -> Int { steps.map { ($0, loss($0)) }.min { $0.1 < $1.1 }!.0 }
    let coarse = best(stride(from: -48, through: 96, by: 8))
    return scale(best(coarse - 7...coarse + 7))
  }

  private static func scale(_ step: Int) -> Float { ElementaryMath.exp(Float(step) * 0.08664340) }

  // MARK: In a statistics section

  /// The table of an encoder, nil where it has none.
  public init?(_ statistics: StatisticsView) {
    guard statistics.tableShots > 0 else { return nil }
    scales = (1...statistics.tableShots).map { shots in
      HeadMethod.allCases.map { statistics.scale(shots: shots, of: $0) ?? 0 }
    }
  }

  /// Adds the table to a statistics section, or replaces its own. Precondition: `section` has a base covariance.
  public func add(to section: inout [UInt8]) {
    ScaleTable.remove(from: &section)
    precondition(section.word(0) == 2)
    section.store(UInt32(3), at: 0)
    section.store(UInt32(scales.count), at: 28)
    section.store(UInt32(scales[0].count), at: 32)
    section.align()
    for row in scales { section.append(floats: row) }
  }

  /// Removes the table of a checked statistics section.
  public static func remove(from section: inout [UInt8]) {
    guard section.word(0) == 3 else { return }
    let axes = 4 * Int(section.word(4)) * Int(section.word(20)), table = 4 * Int(section.word(28)) * Int(section.word(32))
    // The axes start at a multiple of 64, and the table at the next one after them.
    section.removeLast(table + Format.aligned(axes) - axes)
    section.store(UInt32(2), at: 0)
    section.store(UInt64(0), at: 28)
  }
}

extension [UInt8] {
  fileprivate func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << UInt32(8 * $1) } }
}

extension EmbeddedDataset {
  /// Some of the classes.
  fileprivate func selecting(_ classes: [Int]) -> EmbeddedDataset {
    var result = EmbeddedDataset(dimension: dimension)
    for label in classes { result.add(classNames[label], rowsOf: self, ranges[label]) }
    return result
  }
}

extension Episodes {
  /// The logarithms of the probabilities, at scale 1, that heads of `method` give to the queries of all episodes.
  fileprivate func scores(_ method: HeadMethod, statistics: StatisticsView?) throws(HeadError) -> [(scores: [Float], label: Int)] {
    var result: [(scores: [Float], label: Int)] = []
    var features: FeatureRows?
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      let head = try learner(draw, statistics: statistics).learn(.head(method))
      let rows = features ?? self.features(head.features)
      features = rows
      let classifier = HeadClassifier(head, scale: 1)
      classify(draw.queries.map(\.row), classifier, rows) { index, _ in
        let scores = (0..<options.ways).map { ElementaryMath.log(max(classifier.confidences[$0], .leastNormalMagnitude)) }
        result.append((scores, draw.queries[index].label))
      }
    }
    return result
  }
}
