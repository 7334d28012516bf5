import FewShot
import HostRuntime
import TinyNN

/// Whether more photos of a class would help.
public struct ClassOutlook: Equatable, Sendable {
  public let label: Int
  public let photos: Int
  /// Measured parts of the class's left-out photos that are right, by photos of each class; empty where it has too few.
  public let curve: [Point]
  /// What the fitted curve says of the photos that are there, and of so many more; nil where it has too few points.
  public let forecast: Forecast?

  public struct Point: Equatable, Sendable {
    public let photos: Int
    public let accuracy: Double
  }

  public struct Forecast: Equatable, Sendable {
    public let accuracy: Double
    public let more: Int
    public let expected: Double
    /// The middle 80 % of what other photos of the kind would say.
    public let low: Double
    public let high: Double
  }
}

/// Learning curves of labelled photos: of each class a few are drawn, a head learns from them, and those left out are asked.
struct LearningCurves {
  private static let sizes = [1, 2, 3, 5, 8, 12, 18, 27, 40, 60]
  private static let draws = 20
  private static let resamples = 200

  let outlooks: [ClassOutlook]

  init(_ reviewed: ReviewedPhotos, statistics: StatisticsView?, seed: UInt64) {
    let byClass = reviewed.places
    let classes = byClass.indices.filter { byClass[$0].count > 1 }
    // [size][photo]: asked and right.
    var tallies: [[Tally]] = []
    if classes.count > 1 {
      let largest = classes.map { byClass[$0].count - 1 }.max()!
      for size in LearningCurves.sizes where size <= largest {
        var tally = [Tally](repeating: Tally(), count: reviewed.photos.count)
        for draw in 0..<LearningCurves.draws {
          let stream = UInt64(size) << 32 | UInt64(draw)
          LearningCurves.ask(
            reviewed, byClass, classes, size, statistics, CounterRandom(seed: seed, stream: stream), &tally)
        }
        tallies.append(tally)
      }
    }
    var random = CounterRandom(seed: seed, stream: 1 << 63)
    outlooks = byClass.indices.map { LearningCurves.outlook($0, byClass[$0], tallies, &random) }
  }

  private struct Tally {
    var asked = 0
    var right = 0
  }

  private static func ask(
    _ reviewed: ReviewedPhotos, _ byClass: [[Int]], _ classes: [Int], _ size: Int, _ statistics: StatisticsView?,
    _ source: CounterRandom, _ tally: inout [Tally]
  ) {
    var random = source
    var learned: [Int] = [], asked: [Int] = []
    for label in classes {
      var places = byClass[label].map { Int32($0) }
      let count = min(size, places.count - 1)
      var span = places.mutableSpan
      random.select(count, of: &span)
      learned += places[..<count].map { Int($0) }
      // Classes without so many photos are learned from, and not asked.
      if count == size { asked += places[count...].map { Int($0) } }
    }
    let (examples, lengths) = reviewed.examples(learned, classes)
    let learner = HeadLearner(examples: examples, lengths: lengths, statistics: statistics)
    let method: HeadMethod = learned.count <= HeadMethod.ridge.traits.exampleLimit / 4 ? .ridge : .prototype
    guard let head = (try? learner.learn(.head(method))) ?? (try? learner.learn(.head(.prototype))) else { return }
    let classifier = HeadClassifier(head)
    for place in asked {
      let example = reviewed.embeddings[place]
      let answer = example.embedding.withUnsafeBufferPointer {
        // Embeddings have at least one value.
        classifier.classify(Embedding($0.baseAddress!, count: $0.count), length: example.length).label
      }
      tally[place].asked += 1
      tally[place].right += classes[answer] == reviewed.photos[place].label ? 1 : 0
    }
  }

  private static func outlook(
    _ label: Int, _ places: [Int], _ tallies: [[Tally]], _ random: inout CounterRandom
  ) -> ClassOutlook {
    let usable = zip(sizes, tallies).filter { $0.0 < places.count }
    let measured = points(places, usable)
    let curve = measured.map { ClassOutlook.Point(photos: Int($0.photos), accuracy: 1 - $0.error) }
    guard measured.count > 1 else { return ClassOutlook(label: label, photos: places.count, curve: curve, forecast: nil) }
    let count = Double(places.count), more = max(1, (places.count + 1) / 2)
    let law = PowerLaw(measured)
    let expected = 1 - law.error(at: count + Double(more))
    var resampled: [Double] = []
    for _ in 0..<resamples {
      let some = places.map { _ in places[random.next(below: places.count)] }
      resampled.append(1 - PowerLaw(points(some, usable)).error(at: count + Double(more)))
    }
    resampled.sort()
    return ClassOutlook(
      label: label, photos: places.count, curve: curve,
      forecast: ClassOutlook.Forecast(
        accuracy: 1 - law.error(at: count), more: more, expected: expected, low: min(expected, resampled[resamples / 10]),
        high: max(expected, resampled[resamples * 9 / 10])))
  }

  /// The error of the photos at `places` by photos of each class that were learned from, weighted by how many were asked.
  private static func points(
    _ places: [Int], _ tallies: [(size: Int, tally: [Tally])]
  ) -> [(photos: Double, error: Double, weight: Double)] {
    tallies.compactMap { size, tally in
      let (asked, right) = places.reduce((0, 0)) { ($0.0 + tally[$1].asked, $0.1 + tally[$1].right) }
      return asked == 0 ? nil : (Double(size), 1 - Double(right) / Double(asked), Double(asked))
    }
  }
}
