package import TinyNN

extension PropagationLearner {
  /// Of so many labels one is of no account.
  private static let leftOutLimit = 128
  /// Less than this of labels is rounding.
  private static let leastReach: Float = 1e-6

  /// Writes the nearness that new photos like the labelled ones have, each without itself; see `PropagatedClassifier.average`.
  ///
  /// The photos around a labelled one were reached by its label, as those around a new one are not. Without its label they are
  /// reached less than those around a new one, whose class has a label more. The mean of both is what new photos have.
  /// - Parameters:
  ///   - values: [labelled].
  ///   - scratch: at least `scratchCount` values.
  package static func writeLeftOutNearness(
    _ photos: DevicePhotos, _ parts: PropagatedParts, to values: Elements<Float>, scratch: Elements<Float>
  ) {
    let memory = Memory(photos, scratch), first = photos.labelled.count, others = photos.unlabelled.count
    photos.writeCosines(minus: parts.mean.embedding, to: memory.matrix, scratch: memory.rows)
    for index in 0..<first {
      values[index] = nearness(index, memory, first) { parts.isReached[$0] == 1 }
    }
    guard first <= leftOutLimit else { return }
    let graph = NeighbourGraph(
      cosines: memory.matrix, neighbours: NeighbourGraph.neighbourCount(photos: photos.count, classes: photos.classCount),
      memory: memory.graph)
    let all = memory.targets.slice(0, photos.count), reach = memory.weights, sorted = memory.means
    spread(0..<first, over: graph, reach, next: sorted)
    all.copy(reach.embedding)
    for index in 0..<first {
      spread(index..<index + 1, over: graph, reach, next: sorted)
      for other in 0..<others {
        reach[other] = all[first + other] - reach[first + other]
        sorted[other] = reach[other]
      }
      sorted.sort(first: others)
      let bound = sorted[others * 3 / 5]
      values[index] =
        0.5 * (values[index] + nearness(index, memory, first) { bound > leastReach && reach[$0] >= bound })
    }
  }

  /// The mean cosine of a labelled photo to the nearest other labelled ones, and those without a label that count.
  private static func nearness(_ index: Int, _ memory: Memory, _ first: Int, _ counts: (Int) -> Bool) -> Float {
    var nearest = NearestExamples(memory.rows.slice(0, 2 * PropagatedClassifier.nearestLimit))
    for other in 0..<memory.matrix.count where other != index && (other < first || counts(other - first)) {
      nearest.insert(memory.matrix.element(index, other), label: other)
    }
    return PropagatedClassifier.mean(nearest)
  }

  /// What of the labels of some photos comes to each photo, whatever the class.
  private static func spread(_ seeds: Range<Int>, over graph: NeighbourGraph, _ reach: Elements<Float>, next: Elements<Float>) {
    reach.clear()
    for index in seeds { reach[index] = 1 }
    for _ in 0..<rounds {
      graph.spread(reach, classes: 1, share: share, into: next)
      for index in seeds { next[index] = next[index] + 1 }
      reach.copy(next.embedding)
    }
  }
}
