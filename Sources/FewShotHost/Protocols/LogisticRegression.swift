import FewShot
import TinyNN

/// Multinomial logistic regression: the linear probe by which encoders are compared.
///
/// The least of C times the sum of all losses plus half the squared weights, biases not counted, as in scikit-learn, by L-BFGS
/// (Nocedal, Wright, "Numerical optimization", algorithm 7.5) with the last ten steps, halving a step until it is lower.
struct LogisticRegression {
  private let classes: Int
  private let dimension: Int
  /// [dimension + 1][classes], the biases last.
  private(set) var weights: [Float]

  private static let memory = 10
  private static let iterationLimit = 1000
  /// Of the largest gradient, per photo.
  private static let tolerance: Float = 1e-5

  /// - Parameters:
  ///   - rows: of `embeddings`, at least one.
  ///   - labels: of each row of `embeddings`, below `classes`.
  ///   - c: inverse strength of the penalty.
  init(_ embeddings: EmbeddingMatrix, _ rows: [Int], _ labels: [Int], classes: Int, c: Float) {
    self.classes = classes
    dimension = embeddings.dimension
    weights = [Float](repeating: 0, count: (embeddings.dimension + 1) * classes)
    var history: [(step: [Float], change: [Float], product: Float)] = []
    var (loss, gradient) = objective(weights, embeddings, rows, labels, c)
    for _ in 0..<LogisticRegression.iterationLimit {
      if gradient.reduce(0, { max($0, $1.magnitude) }) <= LogisticRegression.tolerance { return }
      let direction = LogisticRegression.direction(gradient, history)
      let slope = Double(dot(direction, gradient))
      var length: Float = 1
      var next = weights
      var (nextLoss, nextGradient) = (Double.infinity, gradient)
      repeat {
        for index in next.indices { next[index] = weights[index] + length * direction[index] }
        (nextLoss, nextGradient) = objective(next, embeddings, rows, labels, c)
        if nextLoss <= loss + 1e-4 * Double(length) * slope { break }
        length /= 2
      } while length > 1e-6
      // Rounding hides what is left.
      guard nextLoss < loss else { return }
      let step = zip(next, weights).map { $0 - $1 }, change = zip(nextGradient, gradient).map { $0 - $1 }
      let product = dot(step, change)
      if product > 0 {
        history.append((step, change, product))
        if history.count > LogisticRegression.memory { history.removeFirst() }
      }
      (weights, loss, gradient) = (next, nextLoss, nextGradient)
    }
  }

  func label(of embedding: Embedding) -> Int {
    var scores = [Float](repeating: 0, count: classes)
    weights.withUnsafeBufferPointer { score(embedding, $0, &scores) }
    return scores.indices.max { scores[$0] < scores[$1] }!
  }

  /// The part of `rows` that it labels rightly.
  func accuracy(_ embeddings: EmbeddingMatrix, _ rows: [Int], _ labels: [Int]) -> Double {
    Double(rows.count { label(of: embeddings[$0]) == labels[$0] }) / Double(max(1, rows.count))
  }

  private func score(_ embedding: Embedding, _ weights: UnsafeBufferPointer<Float>, _ scores: inout [Float]) {
    for label in 0..<classes { scores[label] = weights[dimension * classes + label] }
    for column in 0..<dimension {
      let value = embedding[column], start = column * classes
      for label in 0..<classes { scores[label] += value * weights[start + label] }
    }
  }

  /// The objective over C and the number of rows, and its gradient.
  private func objective(
    _ weights: [Float], _ embeddings: EmbeddingMatrix, _ rows: [Int], _ labels: [Int], _ c: Float
  ) -> (loss: Double, gradient: [Float]) {
    let penalty = 1 / (c * Float(rows.count)), biases = dimension * classes
    var gradient = weights
    var squares = 0.0
    for index in 0..<biases {
      squares += Double(weights[index]) * Double(weights[index])
      gradient[index] *= penalty
    }
    for index in biases..<gradient.count { gradient[index] = 0 }
    var loss = 0.5 * Double(penalty) * squares
    var scores = [Float](repeating: 0, count: classes)
    let share = 1 / Float(rows.count)
    weights.withUnsafeBufferPointer { weights in
      gradient.withUnsafeMutableBufferPointer { gradient in
        for row in rows {
          let embedding = embeddings[row]
          score(embedding, weights, &scores)
          let largest = scores.max()!
          var total: Float = 0
          let own = scores[labels[row]]
          for label in 0..<classes {
            scores[label] = ElementaryMath.exp(scores[label] - largest)
            total += scores[label]
          }
          loss += Double(share * (ElementaryMath.log(total) + largest - own))
          for label in 0..<classes { scores[label] *= share / total }
          scores[labels[row]] -= share
          for column in 0..<dimension {
            let value = embedding[column], start = column * classes
            for label in 0..<classes { gradient[start + label] += value * scores[label] }
          }
          for label in 0..<classes { gradient[biases + label] += scores[label] }
        }
      }
    }
    return (loss, gradient)
  }

  /// Minus the inverse Hessian, as far as the last steps tell it, times the gradient.
  private static func direction(_ gradient: [Float], _ history: [(step: [Float], change: [Float], product: Float)]) -> [Float] {
    var direction = gradient
    var factors = [Float](repeating: 0, count: history.count)
    for (index, last) in history.enumerated().reversed() {
      factors[index] = dot(last.step, direction) / last.product
      for place in direction.indices { direction[place] -= factors[index] * last.change[place] }
    }
    let scale = history.last.map { $0.product / dot($0.change, $0.change) } ?? 1
    for place in direction.indices { direction[place] *= scale }
    for (index, last) in history.enumerated() {
      let factor = factors[index] - dot(last.change, direction) / last.product
      for place in direction.indices { direction[place] += factor * last.step[place] }
    }
    return direction.map { -$0 }
  }
}

private func dot(_ a: [Float], _ b: [Float]) -> Float { Float(zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }) }
