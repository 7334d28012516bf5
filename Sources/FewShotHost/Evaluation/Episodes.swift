import FewShot
import HostRuntime
import TinyNN

/// Embeddings of labelled photos in memory, each of length 1.
public struct EmbeddedDataset: Sendable {
  public let dimension: Int
  public private(set) var classNames: [String] = []
  /// Rows of each class.
  public private(set) var ranges: [Range<Int>] = []
  private(set) var rows: [Float] = []
  /// Of the embeddings as the encoder gave them.
  private(set) var lengths: [Float] = []
  /// The same rows where they are learned from; empty where these are no others.
  private(set) var learnedRows: [Float] = []
  private(set) var learnedLengths: [Float] = []

  /// - Parameters:
  ///   - dimension: values of an embedding.
  ///   - photos: that will be added, so that no memory is taken twice.
  ///   - isLearnedOtherwise: whether `learned` will be given.
  public init(dimension: Int, photos: Int = 0, isLearnedOtherwise: Bool = false) {
    self.dimension = dimension
    rows.reserveCapacity(photos * dimension)
    lengths.reserveCapacity(photos)
    guard isLearnedOtherwise else { return }
    learnedRows.reserveCapacity(photos * dimension)
    learnedLengths.reserveCapacity(photos)
  }

  /// Adds a class; `embeddings` are as the encoder gave them. `learned` are those of the same photos when they are learned from:
  /// given for every class, or none.
  public mutating func add(_ name: String, _ embeddings: [[Float]], learned: [[Float]] = []) {
    precondition(learned.isEmpty || learned.count == embeddings.count)
    for embedding in learned {
      let (values, length) = embedding.normalized()
      learnedRows += values
      learnedLengths.append(length)
    }
    let start = rows.count / dimension
    for embedding in embeddings {
      precondition(embedding.count == dimension)
      let (values, length) = embedding.normalized()
      rows += values
      lengths.append(length)
    }
    classNames.append(name)
    ranges.append(start..<start + embeddings.count)
  }

  /// Lends all rows.
  func withEmbeddings<R>(_ body: (EmbeddingMatrix) -> R) -> R {
    rows.withUnsafeBufferPointer { rows in
      // An empty array may have no address; none of its rows is read.
      body(EmbeddingMatrix(rows.baseAddress ?? UnsafePointer(bitPattern: 64)!, count: rows.count / dimension, dimension: dimension))
    }
  }

  /// A row as it is learned from.
  func learned(_ row: Int) -> (embedding: ArraySlice<Float>, length: Float) {
    let range = row * dimension..<(row + 1) * dimension
    return learnedRows.isEmpty ? (rows[range], lengths[row]) : (learnedRows[range], learnedLengths[row])
  }

  /// Adds a class of another dataset's rows.
  mutating func add(_ name: String, rowsOf other: EmbeddedDataset, _ range: Range<Int>) {
    let start = lengths.count
    rows += other.rows[range.lowerBound * dimension..<range.upperBound * dimension]
    lengths += other.lengths[range]
    classNames.append(name)
    ranges.append(start..<start + range.count)
  }
}

/// How few-shot episodes are drawn.
public struct EpisodeOptions: Equatable, Sendable {
  /// Classes of an episode.
  public var ways = 5
  /// Photos of each class to learn from.
  public var shots = 5
  /// Other photos of each class to classify, at most.
  public var queries = 15
  public var episodes = 600
  public var seed: UInt64 = 0

  public init() {}
}

/// Why episodes cannot be drawn from a dataset.
public enum EpisodeError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooFewClasses(found: Int, needed: Int)
  case tooFewPhotos(className: String, found: Int, needed: Int)

  public var description: String {
    switch self {
    case .tooFewClasses(let found, let needed): "it has \(found) classes with photos, episodes need \(needed); lower --ways"
    case .tooFewPhotos(let name, let found, let needed):
      "class '\(name)' has \(found) photos, episodes need at least \(needed); lower --shots or add photos"
    }
  }
}

/// Accuracy over episodes, in percent.
public struct EpisodeResult: Equatable, Sendable {
  /// One for each episode.
  public let accuracies: [Double]

  public init(accuracies: [Double]) { self.accuracies = accuracies }

  /// The differences to another result on the same episodes.
  public func minus(_ other: EpisodeResult) -> EpisodeResult {
    EpisodeResult(accuracies: zip(accuracies, other.accuracies).map { $0 - $1 })
  }

  public var mean: Double { accuracies.reduce(0, +) / Double(accuracies.count) }

  /// Half the width of the 95 % confidence interval of the mean (normal approximation); 0 for one episode.
  public var interval: Double {
    guard accuracies.count > 1 else { return 0 }
    let mean = mean, count = Double(accuracies.count)
    let variance = accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    return 1.96 * (variance / count).squareRoot()
  }
}

/// Few-shot episodes of a dataset: classes are drawn, then photos to learn from and other photos to classify.
///
/// Episode e takes its random numbers from stream e of the seed, so it is the same whatever is done with it: methods are
/// compared on the same episodes.
public struct Episodes: Sendable {
  public let dataset: EmbeddedDataset
  public let options: EpisodeOptions

  public init(_ dataset: EmbeddedDataset, _ options: EpisodeOptions) throws(EpisodeError) {
    guard dataset.ranges.count >= options.ways else { throw .tooFewClasses(found: dataset.ranges.count, needed: options.ways) }
    for (name, range) in zip(dataset.classNames, dataset.ranges) where range.count <= options.shots {
      throw .tooFewPhotos(className: name, found: range.count, needed: options.shots + 1)
    }
    self.dataset = dataset
    self.options = options
  }

  /// The rows of one episode.
  public struct Draw: Equatable, Sendable {
    /// [ways][shots]
    public internal(set) var support: [Int] = []
    public internal(set) var queries: [(row: Int, label: Int)] = []
    /// Photos of classes that are not in the episode, at most as many as queries.
    public internal(set) var others: [Int] = []

    public static func == (a: Draw, b: Draw) -> Bool {
      a.support == b.support && a.others == b.others && a.queries.elementsEqual(b.queries) { $0 == $1 }
    }
  }

  public func draw(_ episode: Int, others: Bool = false) -> Draw {
    var random = CounterRandom(seed: options.seed, stream: UInt64(episode))
    var draw = Draw()
    var classes = (0..<Int32(dataset.ranges.count)).map { $0 }
    var classSpan = classes.mutableSpan
    random.select(options.ways, of: &classSpan)
    for label in 0..<options.ways {
      let range = dataset.ranges[Int(classes[label])]
      let queryCount = min(options.queries, range.count - options.shots)
      var rows = range.map { Int32($0) }
      var rowSpan = rows.mutableSpan
      random.select(options.shots + queryCount, of: &rowSpan)
      for row in rows[..<options.shots] { draw.support.append(Int(row)) }
      for row in rows[options.shots..<options.shots + queryCount] { draw.queries.append((Int(row), label)) }
    }
    if others {
      var rest = classes[options.ways...].flatMap { dataset.ranges[Int($0)].map { Int32($0) } }
      let count = min(draw.queries.count, rest.count)
      var restSpan = rest.mutableSpan
      random.select(count, of: &restSpan)
      draw.others = rest[..<count].map { Int($0) }
    }
    return draw
  }

  /// Learns and classifies every episode with cosine prototypes.
  /// - Parameters:
  ///   - other: the same photos as they are when they are classified; nil where they are the dataset's.
  ///   - progress: gets the number of finished episodes.
  public func run(queriesOf other: EmbeddedDataset? = nil, progress: (Int) -> Void = { _ in }) -> EpisodeResult {
    let dimension = dataset.dimension
    let support = ExampleMemory(count: options.ways * options.shots, classCount: options.ways, dimension: dimension)
    let memory = AlignedMemory(byteCount: 4 * options.ways * dimension)
    defer { withExtendedLifetime((support, memory)) {} }
    let classifier = CosineClassifier(
      prototypes: memory.floats.matrix(options.ways, dimension), scale: 1, threshold: -1)
    var accuracies: [Double] = []
    accuracies.reserveCapacity(options.episodes)
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      for (index, row) in draw.support.enumerated() {
        let embedding = dataset.learned(row).embedding
        support.set(index, to: embedding.span, label: index / options.shots)
      }
      PrototypeHead.learn(support.support, into: memory.floats)
      let right = (other ?? dataset).withEmbeddings { embeddings in
        draw.queries.count { classifier.nearest(to: embeddings[$0.row]).label == $0.label }
      }
      accuracies.append(100 * Double(right) / Double(draw.queries.count))
      progress(episode + 1)
    }
    return EpisodeResult(accuracies: accuracies)
  }
}
