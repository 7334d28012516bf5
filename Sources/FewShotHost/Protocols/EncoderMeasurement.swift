import FewShot
import HostRuntime
import TinyNN

/// The ways in which the field compares encoders.
public enum MeasurementProtocol: String, CaseIterable, Sendable {
  /// Few-shot episodes, prototypes, at one and five photos of a class.
  case episodes
  /// k nearest neighbours.
  case knn
  /// A linear probe.
  case linear
  /// A linear probe with a hundredth, and with a tenth, of the labels.
  case labels1 = "labels-1"
  case labels10 = "labels-10"
  /// Photos of the same class among the nearest.
  case retrieval
  /// k-means clusters, as many as classes.
  case clusters
  /// Telling photos of classes that were not learned.
  case ood
  /// Photos through worse cameras.
  case corruptions
}

/// A figure of a protocol.
public struct MeasuredFigure: Equatable, Sendable {
  /// As in JSON.
  public let name: String
  /// In percent, or from 0 to 1 (areas, agreement of clusters), or a count.
  public let value: Double
  /// Half the width of the 95 % confidence interval over draws; nil where there is one.
  public var interval: Double?
}

/// An encoder's embeddings of labelled photos, measured by the protocols.
///
/// Everything depends on the photos, the encoder and the seed alone. All but `episodes`, `retrieval` and `clusters` learn from one
/// half of each class's photos and ask about the other (`StratifiedSplit`).
public struct EncoderMeasurement {
  public let dataset: EmbeddedDataset
  public let photos: [String]
  public let seed: UInt64
  public let split: StratifiedSplit
  /// The class of each row.
  private let labels: [Int]

  /// Draws of labelled photos, and of known classes.
  static let rounds = 5
  static let shares = (hundredth: 0.01, tenth: 0.1)
  static let ks = [1, 5, 20]
  static let ranks = [1, 5, 10]
  /// Inverse strengths of the linear probe's penalty, of which a quarter of the photos to learn from chooses one.
  static let strengths: [Float] = [1, 10, 100, 1000]
  /// Of the probe with few labels, which can spare none for a choice.
  static let strengthOfFew: Float = 10

  /// - Parameters:
  ///   - dataset: at least two classes, each with at least two photos.
  ///   - photos: of its rows.
  public init(_ dataset: EmbeddedDataset, photos: [String], seed: UInt64) throws(EpisodeError) {
    guard dataset.ranges.count >= 2 else { throw .tooFewClasses(found: dataset.ranges.count, needed: 2) }
    for (name, range) in zip(dataset.classNames, dataset.ranges) where range.count < 2 {
      throw .tooFewPhotos(className: name, found: range.count, needed: 2)
    }
    self.dataset = dataset
    self.photos = photos
    self.seed = seed
    split = StratifiedSplit(dataset, seed: seed)
    labels = zip(dataset.ranges.indices, dataset.ranges).flatMap { label, range in range.map { _ in label } }
  }

  private var classCount: Int { dataset.ranges.count }
  private var train: [Int] { split.train.flatMap { $0 } }

  /// - Parameters:
  ///   - source: reads the photos again, for corruptions.
  ///   - folder: keeps their embeddings for the next time.
  public func measure(
    _ what: MeasurementProtocol, _ source: PhotoSource, episodes: Int, cache folder: String?
  ) throws -> [MeasuredFigure] {
    switch what {
    case .episodes: try self.episodes(episodes)
    case .knn: nearest { zip(Self.ks, $0.accuracies(split.test, in: train, ks: Self.ks)).map { percent("k\($0)", $1) } }
    case .linear: linear()
    case .labels1: few(Self.shares.hundredth)
    case .labels10: few(Self.shares.tenth)
    case .retrieval: retrieval()
    case .clusters: clusterFigures()
    case .ood: novelty()
    case .corruptions: figures(try CorruptionErrors(dataset, photos, split, source, seed: seed, cache: folder))
    }
  }

  private func percent(_ name: String, _ value: Double) -> MeasuredFigure { MeasuredFigure(name: name, value: 100 * value) }

  private func percent(_ name: String, _ values: [Double]) -> MeasuredFigure {
    let result = EpisodeResult(accuracies: values.map { 100 * $0 })
    return MeasuredFigure(name: name, value: result.mean, interval: result.interval)
  }

  private func nearest<R>(_ body: (NearestNeighbours) -> R) -> R {
    dataset.withEmbeddings { body(NearestNeighbours(embeddings: $0, labels: labels)) }
  }

  /// What was drawn, as rows and classes by number, by which others can repeat the figures.
  public var draws: [(name: String, numbers: [[Int]])] {
    [
      ("train", split.train), ("labels-1", labelledRows(Self.shares.hundredth)), ("labels-10", labelledRows(Self.shares.tenth)),
      ("known", knownClasses()), ("clusters", [clusters()]),
    ]
  }

  // MARK: The protocols

  private func episodes(_ count: Int) throws(EpisodeError) -> [MeasuredFigure] {
    var options = EpisodeOptions()
    options.ways = min(options.ways, classCount)
    (options.episodes, options.seed) = (count, seed)
    var figures: [MeasuredFigure] = []
    let least = dataset.ranges.reduce(Int.max) { min($0, $1.count) }
    for shots in [1, 5] where shots < least {
      options.shots = shots
      let result = try Episodes(dataset, options).run()
      figures.append(MeasuredFigure(name: "shots\(shots)", value: result.mean, interval: result.interval))
    }
    return figures
  }

  private func linear() -> [MeasuredFigure] {
    dataset.withEmbeddings { embeddings in
      let parts = split.train.map { rows in
        (kept: Array(rows[..<(rows.count - rows.count / 4)]), asked: rows.suffix(rows.count / 4))
      }
      let kept = parts.flatMap(\.kept), asked = parts.flatMap(\.asked)
      func probe(_ rows: [Int], _ strength: Float) -> LogisticRegression {
        LogisticRegression(embeddings, rows, labels, classes: classCount, c: strength)
      }
      let accuracies = asked.isEmpty ? [] : Self.strengths.map { probe(kept, $0).accuracy(embeddings, asked, labels) }
      let strength = accuracies.max().map { Self.strengths[accuracies.firstIndex(of: $0)!] } ?? Self.strengthOfFew
      return [
        percent("accuracy", probe(train, strength).accuracy(embeddings, split.test, labels)),
        MeasuredFigure(name: "c", value: Double(strength)),
      ]
    }
  }

  /// The rows with labels in each round of a probe with few: a part of those that are learned from.
  private func labelledRows(_ share: Double) -> [[Int]] {
    (0..<Self.rounds).map { split.labelled(share, round: $0, seed: seed).flatMap { $0 } }
  }

  private func few(_ share: Double) -> [MeasuredFigure] {
    dataset.withEmbeddings { embeddings in
      let draws = labelledRows(share)
      let accuracies = draws.map { rows in
        LogisticRegression(embeddings, rows, labels, classes: classCount, c: Self.strengthOfFew)
          .accuracy(embeddings, split.test, labels)
      }
      return [percent("accuracy", accuracies), MeasuredFigure(name: "labels", value: Double(draws[0].count))]
    }
  }

  private func retrieval() -> [MeasuredFigure] {
    let found = nearest { $0.retrieval(ks: Self.ranks) }
    return [percent("meanAveragePrecision", found.meanAveragePrecision)]
      + zip(Self.ranks, found.precisions).map { percent("precision\($0)", $1) }
  }

  /// The cluster of each row.
  private func clusters() -> [Int] {
    dataset.withEmbeddings { KMeans($0, clusters: classCount, seed: seed).assignments.map { Int($0) } }
  }

  private func clusterFigures() -> [MeasuredFigure] {
    let agreement = ClusterAgreement(clusters(), labels)
    return [
      MeasuredFigure(name: "normalizedMutualInformation", value: agreement.normalizedMutualInformation),
      MeasuredFigure(name: "adjustedRand", value: agreement.adjustedRand), MeasuredFigure(name: "purity", value: agreement.purity),
    ]
  }

  /// The classes that each round of `ood` learns; the others are strange.
  private func knownClasses() -> [[Int]] {
    (0..<Self.rounds).map { round in
      (0..<classCount).shuffled(seed: seed, stream: UInt64(1_000_000 + round))[..<((classCount + 1) / 2)].sorted()
    }
  }

  private func novelty() -> [MeasuredFigure] {
    dataset.withEmbeddings { embeddings in
      var found = NoveltyDetection.Detector.allCases.map { _ in [(auroc: Double, falseAcceptance: Double)]() }
      for known in knownClasses() {
        let detection = NoveltyDetection(embeddings, known: known.map { split.train[$0] })
        let inside = split.test.filter { known.contains(labels[$0]) }, outside = split.test.filter { !known.contains(labels[$0]) }
        for (index, detector) in NoveltyDetection.Detector.allCases.enumerated() {
          found[index].append(
            rejection(inside.map { detection.score($0, detector) }, outside.map { detection.score($0, detector) }))
        }
      }
      return zip(NoveltyDetection.Detector.allCases, found).flatMap { detector, rounds in
        let areas = EpisodeResult(accuracies: rounds.map(\.auroc))
        return [
          MeasuredFigure(name: "\(detector)Auroc", value: areas.mean, interval: areas.interval),
          percent("\(detector)FalseAcceptance95", rounds.map(\.falseAcceptance)),
        ]
      }
    }
  }

  private func figures(_ found: CorruptionErrors) -> [MeasuredFigure] {
    [percent("cleanError", found.clean), percent("meanCorruptionError", found.mean)]
      + found.corrupted.map { name, errors in percent("\(name)Error", errors.reduce(0, +) / Double(errors.count)) }
  }

  /// The photos nearest to a row, and whether each is of its class.
  public func hits(of row: Int, count: Int) -> [(row: Int, isRight: Bool)] {
    nearest { nearest in
      nearest.ranked(row, in: Array(0..<dataset.count)).prefix(count).map { ($0, labels[$0] == labels[row]) }
    }
  }
}
