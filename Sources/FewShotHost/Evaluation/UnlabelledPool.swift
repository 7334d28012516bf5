import FewShot

/// Which photos without labels an episode gets, of those that it neither learns from nor classifies.
public enum UnlabelledPool: String, CaseIterable, Sendable {
  /// As many of each of its classes.
  case equal
  /// All of one class, a half, a quarter and a tenth of others, none of the rest.
  case unequal
  /// As `equal`, and photos of other classes: three of ten.
  case others
  /// Of one class only.
  case one
  /// All that was not chosen to be labelled (`SelectionEpisodes`).
  case rest

  /// Photos of a class, at most.
  public static let perClass = 40

  /// The part of the photos of class `label` that are taken, in percent.
  func percent(ofClass label: Int) -> Int {
    switch self {
    case .equal, .others, .rest: 100
    case .unequal: label < 4 ? [100, 50, 25, 10][label] : 0
    case .one: label == 0 ? 100 : 0
    }
  }
}

extension Episodes {
  /// Whether the dataset has photos for `pool`: strangers need classes that are not in the episode.
  public func checkPool(_ pool: UnlabelledPool) throws(EpisodeError) {
    guard pool != .others || dataset.ranges.count > options.ways else {
      throw .tooFewClasses(found: dataset.ranges.count, needed: options.ways + 1)
    }
  }

  /// Rows of photos without labels. Strangers among them are no longer among `draw.others`.
  func takeUnlabelled(_ pool: UnlabelledPool, _ draw: inout Draw, _ episode: Int) -> [Int] {
    var random = CounterRandom(seed: options.seed, stream: UInt64(episode) | 1 << 32)
    let used = Set(draw.support).union(draw.queries.map(\.row))
    var rows: [Int] = []
    var classes = Set<Int>()
    for label in 0..<options.ways {
      let name = dataset.className(of: draw.support[label * options.shots])
      classes.insert(name)
      let free = chosen(dataset.ranges[name].filter { !used.contains($0) }, atMost: UnlabelledPool.perClass, &random)
      rows += free.prefix((free.count * pool.percent(ofClass: label) + 99) / 100)
    }
    guard pool == .others else { return rows }
    let wanted = (rows.count * 3 + 3) / 7, shown = Set(draw.others)
    let strangers = dataset.ranges.indices.filter { !classes.contains($0) }.flatMap { Array(dataset.ranges[$0]) }
    rows += chosen(strangers.filter { !shown.contains($0) }, atMost: wanted, &random)
    // What is missing comes from the others that would be classified; half of them stay.
    let missing = min(draw.others.count / 2, max(0, wanted - strangers.count { !shown.contains($0) }))
    rows += draw.others.suffix(missing)
    draw.others.removeLast(missing)
    return rows
  }

  private func chosen(_ rows: [Int], atMost limit: Int, _ random: inout CounterRandom) -> [Int] {
    var rows = rows.map { Int32($0) }
    let count = min(limit, rows.count)
    var span = rows.mutableSpan
    random.select(count, of: &span)
    return rows[..<count].map { Int($0) }
  }

  /// The photos of these rows as a task keeps them.
  func unlabelledPhotos(_ rows: [Int]) -> UnlabelledPhotos {
    var photos = UnlabelledPhotos(dimension: dataset.dimension)
    for row in rows {
      photos.add(
        Array(dataset.rows[row * dataset.dimension..<(row + 1) * dataset.dimension]), identifier: UInt64(row))
    }
    return photos
  }
}
