package import TinyNN

/// Learns from labelled photos and from others of the same device without a label.
///
/// 1. z: embeddings minus their centre, at length 1.
/// 2. The labels spread over the graph of nearest neighbours (Zhou et al., "Learning with local and global consistency", 2003):
///    F = 0.8 W F + Y, 10 times from F = Y. Rows of F scaled to the sum 1 are soft labels P.
/// 3. Ridge regression of P on z. A labelled photo weighs 1, another one the square of its largest P times min(2, mean mass of a
///    class / mass of its class), a class's mass being the sum of its P over photos without labels: nothing is assumed of how
///    often classes are.
///
/// It is not to be trusted where the photos without labels lie elsewhere than the labelled ones: where they are of one class, or of
/// something else, their mean is far from that of the classes. Over their variance, the squared distance of the means is about
/// 0.8 / labelled photos for the same classes in equal numbers, and at least twice as much for one class of five.
package enum PropagationLearner {
  static let share: Float = 0.8
  static let rounds = 10
  private static let penalty: Float = 1
  private static let largestWeight: Float = 2
  private static let leastWeight: Float = 1e-3
  private static let largestShift: (base: Float, ofOnePhoto: Float) = (0.15, 0.85)

  /// Values of working memory.
  package static func scratchCount(labelled: Int, unlabelled: Int, classes: Int, dimension: Int) -> Int {
    let count = labelled + unlabelled, neighbours = NeighbourGraph.neighbourCount(photos: count, classes: classes)
    return SymmetricMatrix.valueCount(count) + NeighbourGraph.valueCount(count, neighbours: neighbours) + count * classes + 2
      * count
      + classes + DevicePhotos.scratchCount(dimension: dimension)
  }

  /// Writes the mean, the regression and the soft labels.
  /// - Parameter scratch: at least `scratchCount` values.
  /// - Returns: whether what was learned is to be trusted.
  package static func learn(_ photos: DevicePhotos, into parts: PropagatedParts, scratch: Elements<Float>) -> Bool {
    let memory = Memory(photos, scratch), count = photos.count, classes = photos.classCount
    let shift = photos.writeCentre(into: parts.mean, scratch: memory.rows)
    photos.writeCosines(minus: parts.mean.embedding, to: memory.matrix, scratch: memory.rows)
    propagate(photos.labelled, memory, into: parts.softLabels)
    markReached(photos, parts, memory)
    for index in 0..<count { normalize(parts.softLabels.slice(index * classes, classes)) }
    weigh(photos, parts.softLabels, memory)
    regress(photos, parts, memory)
    return shift <= largestShift.base + largestShift.ofOnePhoto / effectiveCount(photos.labelled)
  }

  /// Photos of classes of equal size whose mean is as sure as that of these.
  private static func effectiveCount(_ labelled: SupportSet) -> Float {
    var sum: Float = 0
    for label in 0..<labelled.classCount { sum = sum + 1 / Float(max(1, labelled.count(ofClass: label))) }
    return Float(labelled.classCount * labelled.classCount) / sum
  }

  /// What `learn` works in.
  struct Memory {
    let matrix: SymmetricMatrix
    let graph: Elements<Float>
    /// [photos][classes]
    let targets: Elements<Float>
    /// [photos]
    let weights: Elements<Float>
    let means: Elements<Float>
    /// [classes]
    let masses: Elements<Float>
    let rows: Elements<Float>

    init(_ photos: DevicePhotos, _ scratch: Elements<Float>) {
      let count = photos.count, classes = photos.classCount
      var start = 0
      func take(_ size: Int) -> Elements<Float> {
        start += size
        return scratch.slice(start - size, size)
      }
      matrix = SymmetricMatrix(take(SymmetricMatrix.valueCount(count)), count: count)
      let neighbours = NeighbourGraph.neighbourCount(photos: count, classes: classes)
      graph = take(NeighbourGraph.valueCount(count, neighbours: neighbours))
      targets = take(count * classes)
      weights = take(count)
      means = take(count)
      masses = take(classes)
      rows = take(DevicePhotos.scratchCount(dimension: photos.dimension))
    }
  }

  private static func propagate(_ labelled: SupportSet, _ memory: Memory, into labels: Elements<Float>) {
    let classes = labelled.classCount, next = memory.targets
    let graph = NeighbourGraph(
      cosines: memory.matrix,
      neighbours: NeighbourGraph.neighbourCount(photos: memory.matrix.count, classes: classes), memory: memory.graph)
    labels.clear()
    for index in 0..<labelled.count { labels[index * classes + labelled.label(index)] = 1 }
    for _ in 0..<rounds {
      graph.spread(labels, classes: classes, share: share, into: next)
      for index in 0..<labelled.count {
        let place = index * classes + labelled.label(index)
        next[place] = next[place] + 1
      }
      labels.copy(next.embedding)
    }
  }

  /// Marks the two fifths of the photos without labels that most of the labels reached: things that were not taught are hardly
  /// among them.
  private static func markReached(_ photos: DevicePhotos, _ parts: PropagatedParts, _ memory: Memory) {
    let first = photos.labelled.count, classes = photos.classCount, others = photos.unlabelled.count
    for index in 0..<others {
      var sum: Float = 0
      for label in 0..<classes { sum = sum + parts.softLabels[(first + index) * classes + label] }
      memory.weights[index] = sum
      memory.means[index] = sum
    }
    memory.means.sort(first: others)
    let bound = memory.means[others * 3 / 5]
    for index in 0..<others { parts.isReached[index] = memory.weights[index] >= bound && bound > 0 ? 1 : 0 }
  }

  /// Scales to the sum 1; where no label came, every class is as likely.
  private static func normalize(_ row: Elements<Float>) {
    var total: Float = 0
    for label in 0..<row.count { total = total + row[label] }
    for label in 0..<row.count { row[label] = total > 1e-9 ? row[label] / total : 1 / Float(row.count) }
  }

  private static func weigh(_ photos: DevicePhotos, _ labels: Elements<Float>, _ memory: Memory) {
    let classes = photos.classCount, first = photos.labelled.count, masses = memory.masses
    masses.clear()
    for row in first..<photos.count { masses.add(labels.slice(row * classes, classes).embedding) }
    let mean = Float(photos.unlabelled.count) / Float(classes)
    for index in 0..<photos.count {
      guard index >= first else {
        memory.weights[index] = 1
        continue
      }
      let row = labels.slice(index * classes, classes)
      var best = 0
      for label in 0..<classes where row[label] > row[best] { best = label }
      memory.weights[index] = max(leastWeight, row[best] * row[best] * min(largestWeight, mean / max(1e-9, masses[best])))
    }
  }

  /// The weighted form of `RidgeHead`: a photo's penalty is the common one over its weight, the centre the weighted mean.
  private static func regress(_ photos: DevicePhotos, _ parts: PropagatedParts, _ memory: Memory) {
    let count = photos.count, classes = photos.classCount, matrix = memory.matrix
    centre(memory)
    var (trace, total): (Float, Float) = (0, 0)
    for index in 0..<count {
      trace = trace + memory.weights[index] * matrix[index, index]
      total = total + memory.weights[index]
    }
    let penalty = PropagationLearner.penalty * max(1e-9, trace / total), share = 1 / Float(count)
    for row in 0..<count {
      for column in 0..<row { matrix[row, column] = matrix[row, column] + share }
      matrix[row, row] = matrix[row, row] + share + penalty / memory.weights[row]
      for label in 0..<classes {
        let target =
          row < photos.labelled.count ? (photos.labelled.label(row) == label ? 1 : 0) : parts.softLabels[row * classes + label]
        memory.targets[row * classes + label] = target - 1 / Float(classes)
      }
    }
    matrix.factorize()
    matrix.invertFactor()
    matrix.solve(memory.targets, width: classes)
    writeWeights(photos, parts, memory)
  }

  /// Centres the products of all pairs at the weighted mean.
  private static func centre(_ memory: Memory) {
    let matrix = memory.matrix, means = memory.means
    var (total, square): (Float, Float) = (0, 0)
    for index in 0..<matrix.count { total = total + memory.weights[index] }
    for row in 0..<matrix.count {
      var sum: Float = 0
      for column in 0..<matrix.count { sum = sum + memory.weights[column] * matrix.element(row, column) }
      means[row] = sum / total
      square = square + memory.weights[row] * means[row]
    }
    for row in 0..<matrix.count {
      for column in 0...row { matrix[row, column] = matrix[row, column] - means[row] - means[column] + square / total }
    }
  }

  /// From the coefficients in `targets`.
  private static func writeWeights(_ photos: DevicePhotos, _ parts: PropagatedParts, _ memory: Memory) {
    let classes = photos.classCount, width = photos.dimension
    let row = memory.rows.slice(0, width), centre = memory.rows.slice(width, width)
    centre.clear()
    parts.weights.clear()
    memory.masses.clear()
    var total: Float = 0
    for index in 0..<photos.count {
      photos.write(index, minus: parts.mean.embedding, into: row)
      total = total + memory.weights[index]
      for column in 0..<width { centre[column] = centre[column] + memory.weights[index] * row[column] }
      for label in 0..<classes {
        let coefficient = memory.targets[index * classes + label], weights = parts.weights.slice(label * width, width)
        memory.masses[label] = memory.masses[label] + coefficient
        for column in 0..<width { weights[column] = weights[column] + coefficient * row[column] }
      }
    }
    for column in 0..<width { centre[column] = centre[column] / total }
    for label in 0..<classes {
      let weights = parts.weights.slice(label * width, width), sum = memory.masses[label]
      for column in 0..<width { weights[column] = weights[column] - sum * centre[column] }
      parts.biases[label] = sum / Float(photos.count) - weights.embedding.dot(centre.embedding)
    }
  }
}
