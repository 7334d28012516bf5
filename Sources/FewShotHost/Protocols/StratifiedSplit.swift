import FewShot

/// Two halves of the photos of every class, drawn by a seed: one to learn from, the larger where the count is odd, and one to be
/// asked about.
public struct StratifiedSplit: Equatable, Sendable {
  /// Rows of the data set to learn from, class after class, each class in the drawn order.
  public let train: [[Int]]
  public let test: [Int]

  /// Every class has at least two photos.
  public init(_ dataset: EmbeddedDataset, seed: UInt64) {
    var train: [[Int]] = []
    var test: [Int] = []
    for (label, range) in dataset.ranges.enumerated() {
      let rows = range.shuffled(seed: seed, stream: UInt64(label))
      train.append(Array(rows[..<((rows.count + 1) / 2)]))
      test += rows[((rows.count + 1) / 2)...].sorted()
    }
    (self.train, self.test) = (train, test)
  }

  /// A part of what each class learns from, at least one photo; another one in every round.
  public func labelled(_ share: Double, round: Int, seed: UInt64) -> [[Int]] {
    train.enumerated().map { label, rows in
      let count = max(1, Int((share * Double(rows.count)).rounded()))
      return Array((0..<rows.count).shuffled(seed: seed, stream: UInt64((round + 1) * train.count + label))[..<count]).map {
        rows[$0]
      }
    }
  }
}

extension Range<Int> {
  /// All of it in an order that depends on the seed and the stream alone.
  func shuffled(seed: UInt64, stream: UInt64) -> [Int] {
    var random = CounterRandom(seed: seed ^ 0x7370_6C69_74, stream: stream)
    var rows = map { Int32($0) }
    var span = rows.mutableSpan
    random.select(count, of: &span)
    return rows.map { Int($0) }
  }
}
