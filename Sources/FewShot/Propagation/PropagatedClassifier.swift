package import TinyNN

/// Averages a head's probabilities with two others that photos without labels gave: the softmax of the regression's scores, and the
/// soft labels of the nearest photos, weighed by their cosine. The head does not know of those photos, which keeps the average from
/// going far wrong where they are of little use.
package struct PropagatedClassifier {
  private let photos: DevicePhotos
  private let parts: PropagatedParts
  /// Whether the head's threshold is for scores with `nearness`.
  package let countsNearness: Bool

  /// Of the regression's scores.
  private static let scale: Float = 10
  private static let neighbourLimit = 10

  package init(_ photos: DevicePhotos, _ parts: PropagatedParts, countsNearness: Bool) {
    self.countsNearness = countsNearness
    self.photos = photos
    self.parts = parts
  }

  /// Photos whose cosines make `nearness`.
  static let nearestLimit = 3
  /// What `nearness` weighs beside a head's score.
  package static let nearnessShare: Float = 0.5

  /// Values of working memory that `average` needs.
  package static func scratchCount(classes: Int, dimension: Int) -> Int {
    2 * (dimension + neighbourLimit + nearestLimit + classes)
  }

  /// Those that `writeNearness` needs.
  package static func nearnessScratchCount(labelled: Int, unlabelled: Int, classes: Int, dimension: Int) -> Int {
    max(
      scratchCount(classes: classes, dimension: dimension),
      PropagationLearner.scratchCount(labelled: labelled, unlabelled: unlabelled, classes: classes, dimension: dimension))
  }

  /// Replaces what the head says of an embedding, and its probabilities, by the average.
  package func refine(
    _ prediction: inout Prediction, _ embedding: Embedding, _ calibration: Calibration, _ confidences: Elements<Float>,
    scratch: Elements<Float>
  ) {
    let sharpness = PropagatedClassifier.sharpness(calibration)
    let found = average(embedding, sharpness: sharpness, confidences, scratch: scratch)
    prediction.label = found.label
    prediction.confidence = confidences[found.label]
    guard countsNearness else { return }
    prediction.score = prediction.score + PropagatedClassifier.nearnessShare * found.nearness
    prediction.isUnknown = prediction.score < calibration.threshold
  }

  /// The power that makes an average as sure as it is right. Averaging makes it too modest, the more the better its parts are:
  /// 1 where half or less of the left-out photos are right, or none can be left out, to 1.75 where all are.
  package static func sharpness(_ calibration: Calibration) -> Float {
    let right = (Float(calibration.leftOutRight) + 1) / (Float(calibration.leftOutCount) + 2)
    return 1 + 1.5 * max(0, right - 0.5)
  }

  /// - Parameters:
  ///   - embedding: of length 1.
  ///   - sharpness: of the head's calibration.
  ///   - confidences: the head's probability of each class, then the average; they sum to 1.
  /// - Returns: the most likely class, and the mean cosine to the three nearest of the labelled photos and of those without a label
  ///   that labels reached: it tells photos of the classes from others.
  package func average(
    _ embedding: Embedding, sharpness: Float, _ confidences: Elements<Float>, scratch: Elements<Float>
  ) -> (label: Int, nearness: Float) {
    let dimension = photos.dimension, classes = photos.classCount
    let centred = scratch.slice(0, dimension), row = scratch.slice(dimension, dimension)
    let scores = scratch.slice(2 * dimension, classes), votes = scratch.slice(2 * dimension + classes, classes)
    centred.copy(embedding)
    DevicePhotos.centre(centred, minus: parts.mean.embedding)
    for label in 0..<classes {
      scores[label] = centred.embedding.dot(parts.weights.slice(label * dimension, dimension).embedding) + parts.biases[label]
    }
    scores.softmax(scale: PropagatedClassifier.scale, classes)
    let rest = scratch.slice(2 * (dimension + classes), nearestCount + 2 * PropagatedClassifier.nearestLimit)
    let nearness = writeVotes(of: centred.embedding, row: row, memory: rest, to: votes)
    var best = 0
    for label in 0..<classes {
      confidences[label] = (confidences[label] + scores[label] + votes[label]) / 3
      if confidences[label] > confidences[best] { best = label }
    }
    guard sharpness != 1 else { return (best, nearness) }
    var total: Float = 0
    let largest = confidences[best]
    for label in 0..<classes {
      confidences[label] = ElementaryMath.exp(sharpness * ElementaryMath.log(max(1e-12, confidences[label] / largest)))
      total = total + confidences[label]
    }
    for label in 0..<classes { confidences[label] = confidences[label] / total }
    return (best, nearness)
  }

  /// Writes the nearness of each labelled photo without itself, then of the background embeddings, to `values`.
  /// - Parameter scratch: at least `nearnessScratchCount` values.
  package func writeNearness(_ statistics: StatisticsView?, to values: Elements<Float>, scratch: Elements<Float>) {
    let dimension = photos.dimension, labelled = photos.labelled.count
    PropagationLearner.writeLeftOutNearness(photos, parts, to: values.slice(0, labelled), scratch: scratch)
    let query = scratch.slice(0, dimension), row = scratch.slice(dimension, dimension)
    for index in labelled..<max(labelled, values.count) {
      statistics?.copyBackground(index - labelled, into: query)
      DevicePhotos.centre(query, minus: parts.mean.embedding)
      var nearest = NearestExamples(scratch.slice(2 * dimension, 2 * PropagatedClassifier.nearestLimit))
      for other in 0..<photos.count where counts(other) {
        photos.write(other, minus: parts.mean.embedding, into: row)
        nearest.insert(query.embedding.dot(row.embedding), label: other)
      }
      values[index] = PropagatedClassifier.mean(nearest)
    }
  }

  private func counts(_ index: Int) -> Bool {
    index < photos.labelled.count || parts.isReached[index - photos.labelled.count] == 1
  }

  static func mean(_ nearest: NearestExamples) -> Float {
    var sum: Float = 0
    for place in 0..<nearest.count { sum = sum + nearest.cosines[place] }
    return sum / Float(max(1, nearest.count))
  }

  private var nearestCount: Int { 2 * NeighbourGraph.neighbourCount(photos: photos.count, classes: photos.classCount) }

  private func writeVotes(of embedding: Embedding, row: Elements<Float>, memory: Elements<Float>, to votes: Elements<Float>)
    -> Float
  {
    let classes = photos.classCount
    var nearest = NearestExamples(memory.slice(0, nearestCount))
    var known = NearestExamples(memory.slice(nearestCount, 2 * PropagatedClassifier.nearestLimit))
    for index in 0..<photos.count {
      photos.write(index, minus: parts.mean.embedding, into: row)
      let cosine = embedding.dot(row.embedding)
      nearest.insert(cosine, label: index)
      if counts(index) { known.insert(cosine, label: index) }
    }
    votes.clear()
    var total: Float = 0
    for place in 0..<nearest.count {
      let weight = max(1e-9, nearest.cosines[place]), labels = parts.softLabels.slice(nearest.label(place) * classes, classes)
      total = total + weight
      for label in 0..<classes { votes[label] = votes[label] + weight * labels[label] }
    }
    for label in 0..<classes { votes[label] = votes[label] / total }
    return PropagatedClassifier.mean(known)
  }
}
