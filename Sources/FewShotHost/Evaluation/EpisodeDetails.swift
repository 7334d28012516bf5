import FewShot

/// What a report on episodes shows besides figures.
public struct EpisodeDetails: Sendable {
  /// A photo that was taken for another class.
  public struct Mistake: Sendable {
    /// Of the dataset.
    public let row: Int
    public let className: Int
    public let takenFor: Int
    public let confidence: Float
  }

  public struct ReliabilityBin: Equatable, Sendable {
    public var count = 0
    public var confidence = 0.0
    public var right = 0
  }

  public static let binCount = 15
  /// Scores kept for the histogram, at most, of each kind.
  private static let scoreLimit = 20_000

  /// [true class][predicted class] of the dataset.
  public private(set) var confusion: [[Int]]
  public private(set) var bins = [ReliabilityBin](repeating: ReliabilityBin(), count: binCount)
  public private(set) var knownScores: [Float] = []
  public private(set) var otherScores: [Float] = []
  public private(set) var thresholds: [Float] = []
  private var worst: [Int: Mistake] = [:]

  /// Of the arrays of so many episodes, and of accuracies beside them.
  static func byteCount(episodes: Int, photos: Int, classes: Int) -> Int {
    8 * classes * classes + 3 * (12 * episodes + 2 * 4 * min(scoreLimit, episodes * photos)) + 2 * 64 * photos
  }

  init(classCount: Int) {
    confusion = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
  }

  /// The surest mistakes, each photo once.
  public func mistakes(atMost count: Int) -> [Mistake] {
    Array(
      worst.values.sorted { $0.confidence > $1.confidence || ($0.confidence == $1.confidence && $0.row < $1.row) }.prefix(count))
  }

  mutating func add(_ prediction: Prediction, row: Int, className: Int, takenFor: Int) {
    confusion[className][takenFor] += 1
    let bin = min(EpisodeDetails.binCount - 1, Int(prediction.confidence * Float(EpisodeDetails.binCount)))
    bins[bin].count += 1
    bins[bin].confidence += Double(prediction.confidence)
    bins[bin].right += className == takenFor ? 1 : 0
    if knownScores.count < EpisodeDetails.scoreLimit { knownScores.append(prediction.score) }
    if className != takenFor, prediction.confidence > worst[row]?.confidence ?? -1 {
      worst[row] = Mistake(row: row, className: className, takenFor: takenFor, confidence: prediction.confidence)
    }
  }

  mutating func addOther(_ prediction: Prediction) {
    if otherScores.count < EpisodeDetails.scoreLimit { otherScores.append(prediction.score) }
  }

  mutating func add(threshold: Float) { thresholds.append(threshold) }
}

extension EmbeddedDataset {
  public var count: Int { lengths.count }

  /// The class of a row.
  public func className(of row: Int) -> Int { ranges.firstIndex { $0.contains(row) } ?? 0 }

  /// Places of the given rows on the two main axes of their embeddings of length 1.
  public func map(of rows: [Int]) -> [(x: Double, y: Double)] {
    let embeddings = rows.map { row in self.rows[row * dimension..<(row + 1) * dimension].map { Double($0) } }
    let mean = (0..<dimension).map { column in embeddings.reduce(0) { $0 + $1[column] } / Double(max(1, rows.count)) }
    let centred = embeddings.map { zip($0, mean).map { $0 - $1 } }
    let axes = PrincipalAxes(of: centred, dimension: dimension, atMost: 2).axes
    return centred.map { row in
      let places = axes.map { axis in zip(axis, row).reduce(0) { $0 + $1.0 * $1.1 } }
      return (places.count > 0 ? places[0] : 0, places.count > 1 ? places[1] : 0)
    }
  }
}
