package import TinyNN

/// Averages a head's probabilities with two others that photos without labels gave: the softmax of the regression's scores, and the
/// soft labels of the nearest photos, weighed by their cosine. The head does not know of those photos, which keeps the average from
/// going far wrong where they are of little use.
package struct PropagatedClassifier {
  private let photos: DevicePhotos
  private let parts: PropagatedParts

  /// Of the regression's scores.
  private static let scale: Float = 10
  private static let neighbourLimit = 10

  package init(_ photos: DevicePhotos, _ parts: PropagatedParts) {
    self.photos = photos
    self.parts = parts
  }

  /// Values of working memory that `average` needs.
  package static func scratchCount(classes: Int, dimension: Int) -> Int { 2 * dimension + 2 * neighbourLimit + 2 * classes }

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
  /// - Returns: the most likely class.
  package func average(
    _ embedding: Embedding, sharpness: Float, _ confidences: Elements<Float>, scratch: Elements<Float>
  ) -> Int {
    let dimension = photos.dimension, classes = photos.classCount
    let centred = scratch.slice(0, dimension), row = scratch.slice(dimension, dimension)
    let scores = scratch.slice(2 * dimension, classes), votes = scratch.slice(2 * dimension + classes, classes)
    centred.copy(embedding)
    DevicePhotos.centre(centred, minus: parts.mean.embedding)
    for label in 0..<classes {
      scores[label] = centred.embedding.dot(parts.weights.slice(label * dimension, dimension).embedding) + parts.biases[label]
    }
    scores.softmax(scale: PropagatedClassifier.scale, classes)
    writeVotes(of: centred.embedding, row: row, memory: scratch.slice(2 * (dimension + classes), nearestCount), to: votes)
    var best = 0
    for label in 0..<classes {
      confidences[label] = (confidences[label] + scores[label] + votes[label]) / 3
      if confidences[label] > confidences[best] { best = label }
    }
    guard sharpness != 1 else { return best }
    var total: Float = 0
    let largest = confidences[best]
    for label in 0..<classes {
      confidences[label] = ElementaryMath.exp(sharpness * ElementaryMath.log(max(1e-12, confidences[label] / largest)))
      total = total + confidences[label]
    }
    for label in 0..<classes { confidences[label] = confidences[label] / total }
    return best
  }

  private var nearestCount: Int { 2 * NeighbourGraph.neighbourCount(photos: photos.count, classes: photos.classCount) }

  private func writeVotes(of embedding: Embedding, row: Elements<Float>, memory: Elements<Float>, to votes: Elements<Float>) {
    let classes = photos.classCount
    var nearest = NearestExamples(memory)
    for index in 0..<photos.count {
      photos.write(index, minus: parts.mean.embedding, into: row)
      nearest.insert(embedding.dot(row.embedding), label: index)
    }
    votes.clear()
    var total: Float = 0
    for place in 0..<nearest.count {
      let weight = max(1e-9, nearest.cosines[place]), labels = parts.softLabels.slice(nearest.label(place) * classes, classes)
      total = total + weight
      for label in 0..<classes { votes[label] = votes[label] + weight * labels[label] }
    }
    for label in 0..<classes { votes[label] = votes[label] / total }
  }
}
