public import FewShot
import HostRuntime
import TinyNN

/// How the photos of an episode come by their labels.
public enum LabelSelection: String, CaseIterable, Sendable {
  /// Drawn from all.
  case random
  /// As many of each class, which needs to know the classes.
  case equal
  /// `PhotoSelection`, all at once.
  case typical
  /// `PhotoSelection` in rounds of as many labels as classes.
  case rounds
  /// The same, with the task that was learned so far: the clusters in which it is unsure first.
  case doubtful
  /// The photos first of which the task is unsure.
  case unsure
}

/// What choosing the photos to label brings.
public struct SelectionMeasures: Sendable {
  public let accuracies: EpisodeResult
  /// Mean number of classes of which a photo was labelled.
  public let classesFound: Double
}

/// Episodes in which photos are chosen before they have labels: classes are drawn, photos of each to classify, and all others are
/// the pool, from which `ways` times `shots` get their labels. Classes of which none was chosen are never answered.
public struct SelectionEpisodes: Sendable {
  let episodes: Episodes

  public init(_ dataset: EmbeddedDataset, _ options: EpisodeOptions) throws(EpisodeError) {
    episodes = try Episodes(dataset, options)
  }

  struct Draw {
    /// The class of the episode of each row of the pool.
    var pool: [(row: Int, label: Int)] = []
    var queries: [(row: Int, label: Int)] = []
  }

  /// Queries are at most half of a class.
  func draw(_ episode: Int) -> Draw {
    let dataset = episodes.dataset, options = episodes.options
    var random = CounterRandom(seed: options.seed, stream: UInt64(episode))
    var draw = Draw()
    var classes = (0..<Int32(dataset.ranges.count)).map { $0 }
    var span = classes.mutableSpan
    random.select(options.ways, of: &span)
    for label in 0..<options.ways {
      var rows = dataset.ranges[Int(classes[label])].map { Int32($0) }
      let count = min(options.queries, rows.count / 2, rows.count - options.shots)
      var rowSpan = rows.mutableSpan
      random.select(count, of: &rowSpan)
      draw.queries += rows[..<count].map { (Int($0), label) }
      draw.pool += rows[count...].map { (Int($0), label) }
    }
    return draw
  }

  /// Calls `progress` with the number of finished episodes.
  /// - Parameter usesRest: what was not chosen stays in the task as photos without labels.
  public func measure(
    _ selection: LabelSelection, _ method: LearningMethod, statistics: StatisticsView?, usesRest: Bool = false,
    progress: (Int) -> Void = { _ in }
  ) throws(HeadError) -> SelectionMeasures {
    let options = episodes.options
    var accuracies: [Double] = []
    var found = 0
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      let run = SelectionRun(episodes, draw, method, statistics, seed: options.seed &+ UInt64(episode))
      let labelled = try run.choose(selection, options.ways * options.shots)
      found += Set(labelled.map { draw.pool[$0].label }).count
      let answers = try run.answers(labelled, draw.queries.map(\.row), usesRest: usesRest)
      let right = zip(answers, draw.queries).count { $0.label == $1.label }
      accuracies.append(100 * Double(right) / Double(draw.queries.count))
      progress(episode + 1)
    }
    return SelectionMeasures(
      accuracies: EpisodeResult(accuracies: accuracies), classesFound: Double(found) / Double(options.episodes))
  }
}

/// One episode.
private struct SelectionRun {
  let episodes: Episodes
  let draw: SelectionEpisodes.Draw
  let method: LearningMethod
  let statistics: StatisticsView?
  let seed: UInt64

  init(
    _ episodes: Episodes, _ draw: SelectionEpisodes.Draw, _ method: LearningMethod, _ statistics: StatisticsView?, seed: UInt64
  ) {
    self.episodes = episodes
    self.draw = draw
    self.method = method
    self.statistics = statistics
    self.seed = seed
  }

  /// Places in the pool.
  func choose(_ selection: LabelSelection, _ count: Int) throws(HeadError) -> [Int] {
    switch selection {
    case .random: return drawn(from: Array(draw.pool.indices), count)
    case .equal:
      return (0..<episodes.options.ways).flatMap { label in
        drawn(from: draw.pool.indices.filter { draw.pool[$0].label == label }, count / episodes.options.ways)
      }
    case .typical: return choose(count, besides: [], .typical, doubts: [])
    case .rounds, .doubtful, .unsure:
      var labelled: [Int] = []
      while labelled.count < count {
        let order: PhotoSelection.Order =
          labelled.isEmpty || selection == .rounds ? .typical : selection == .doubtful ? .unsureClusters : .unsurePhotos
        let rest = draw.pool.indices.filter { !labelled.contains($0) }
        let doubts =
          order == .typical
          ? []
          : try answers(labelled, rest.map { draw.pool[$0].row }).map { $0.isUnknown ? 1 : 1 - $0.margin }
        let chosen = choose(min(episodes.options.ways, count - labelled.count), besides: labelled, order, doubts: doubts)
        if chosen.isEmpty { break }
        labelled += chosen
      }
      return labelled
    }
  }

  private func drawn(from places: [Int], _ count: Int) -> [Int] {
    var random = CounterRandom(seed: seed, stream: 1 << 32)
    var values = places.map { Int32($0) }
    var span = values.mutableSpan
    random.select(min(count, places.count), of: &span)
    return values.prefix(count).map { Int($0) }
  }

  private func choose(_ count: Int, besides labelled: [Int], _ order: PhotoSelection.Order, doubts: [Float]) -> [Int] {
    let dimension = episodes.dataset.dimension
    let rest = draw.pool.indices.filter { !labelled.contains($0) }
    let memory = AlignedMemory(byteCount: 4 * draw.pool.count * dimension)
    defer { withExtendedLifetime(memory) {} }
    episodes.dataset.withEmbeddings { embeddings in
      for (place, source) in (rest + labelled).enumerated() {
        memory.floats.slice(place * dimension, dimension).copy(embeddings[draw.pool[source].row])
      }
    }
    return PhotoSelection(memory.floats.matrix(draw.pool.count, dimension), photoCount: rest.count, seed: seed)
      .choose(count, order: order, doubts: doubts).map { rest[$0.row] }
  }

  struct Answer {
    let label: Int
    let margin: Float
    let isUnknown: Bool
  }

  /// What a head that learned from some of the pool says of rows.
  func answers(_ labelled: [Int], _ rows: [Int], usesRest: Bool = false) throws(HeadError) -> [Answer] {
    let found = Set(labelled.map { draw.pool[$0].label }).sorted()
    guard found.count > 1 else { return rows.map { _ in Answer(label: found[0], margin: 1, isUnknown: false) } }
    let dataset = episodes.dataset
    let ordered = labelled.sorted { (draw.pool[$0].label, $0) < (draw.pool[$1].label, $1) }
    let examples = ExampleMemory(count: ordered.count, classCount: found.count, dimension: dataset.dimension)
    for (index, place) in ordered.enumerated() {
      let embedding = dataset.learned(draw.pool[place].row).embedding
      examples.set(index, to: embedding.span, label: found.firstIndex(of: draw.pool[place].label)!)
    }
    let lengths = ordered.map { dataset.learned(draw.pool[$0].row).length }
    var learner = HeadLearner(examples: examples, lengths: lengths, statistics: statistics)
    if usesRest {
      let rest = draw.pool.indices.filter { !labelled.contains($0) }.map { draw.pool[$0].row }
      learner.learn(with: episodes.unlabelledPhotos(rest))
    }
    let head = try learner.learn(method)
    let classifier = HeadClassifier(head)
    return dataset.withEmbeddings { embeddings in
      rows.map { row in
        let prediction = classifier.classify(embeddings[row], length: dataset.lengths[row])
        var second: Float = 0
        for label in found.indices where label != prediction.label { second = max(second, classifier.confidences[label]) }
        return Answer(
          label: found[prediction.label], margin: prediction.confidence - second, isUnknown: prediction.isUnknown)
      }
    }
  }
}
