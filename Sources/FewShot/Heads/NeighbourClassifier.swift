package import TinyNN

/// Classification by the k examples with the largest cosines (Cover, Hart, "Nearest neighbor pattern classification", 1967): each
/// votes for its class with a weight that falls with its distance (Dudani, "The distance-weighted k-nearest-neighbor rule", 1976).
///
/// Of an example with the cosine c the weight is exp(10 (c - c1)), c1 being the largest; a class's score is its part of all
/// weights. The examples themselves are all that is learned, so they come and go exactly.
public struct NeighbourClassifier: Sendable {
  package let examples: SupportSet
  /// k.
  package let count: Int
  package let scale: Float
  package let threshold: Float

  package init(examples: SupportSet, count: Int, scale: Float, threshold: Float) {
    self.examples = examples
    self.count = count
    self.scale = scale
    self.threshold = threshold
  }

  /// Classifies an embedding of length 1; its score is the cosine of the nearest example, and `cosine` of the result is left to the
  /// caller. The probability of each class goes to the first values of `confidences`.
  /// - Parameter memory: `2 * count` values.
  package func classify(_ embedding: Embedding, _ confidences: Elements<Float>, memory: Elements<Float>) -> Prediction {
    var nearest = NearestExamples(memory)
    for index in 0..<examples.count { nearest.insert(embedding.dot(examples.embeddings[index]), label: examples.label(index)) }
    let classes = examples.classCount
    nearest.writeVotes(of: count, to: confidences.slice(0, classes))
    var best = 0
    for label in 0..<classes where confidences[label] > confidences[best] { best = label }
    let score = nearest.cosines[0]
    confidences.softmax(scale: scale, classes)
    return Prediction(label: best, cosine: score, score: score, confidence: confidences[best], isUnknown: score < threshold)
  }
}

/// The examples with the largest cosines, in descending order, the first of equals first.
package struct NearestExamples {
  private static let steepness: Float = 10
  package let cosines: Elements<Float>
  private let labels: Elements<Float>
  package private(set) var count: Int

  /// Half of `memory` is the number that is kept; it holds `count` examples.
  package init(_ memory: Elements<Float>, holding count: Int = 0) {
    self.count = count
    cosines = memory.slice(0, memory.count / 2)
    labels = memory.slice(memory.count / 2, memory.count / 2)
  }

  package func label(_ place: Int) -> Int { Int(labels[place]) }

  /// Labels are below 2^24, which float32 holds exactly.
  package mutating func insert(_ cosine: Float, label: Int) {
    if count < cosines.count {
      count += 1
    } else if cosine <= cosines[count - 1] {
      return
    }
    var place = count - 1
    while place > 0, cosines[place - 1] < cosine {
      cosines[place] = cosines[place - 1]
      labels[place] = labels[place - 1]
      place -= 1
    }
    cosines[place] = cosine
    labels[place] = Float(label)
  }

  /// Writes each class's part of the weights of the `limit` nearest.
  package func writeVotes(of limit: Int, to votes: Elements<Float>) {
    votes.clear()
    var total: Float = 0
    for index in 0..<min(limit, count) {
      let weight = ElementaryMath.exp(NearestExamples.steepness * (cosines[index] - cosines[0])), label = Int(labels[index])
      votes[label] = votes[label] + weight
      total = total + weight
    }
    for label in 0..<votes.count { votes[label] = votes[label] / total }
  }
}
