import Testing

@testable import FewShot
@testable import FewShotHost

/// The recipe of `PropagationLearner` and `PropagatedClassifier` in double arithmetic, written as it is stated: whole matrices, and
/// regression by elimination.
struct PlainRecipe {
  let centre: [Double]
  /// Squared distance of the means over the variance of the photos without labels.
  let shift: Double
  let softLabels: [[Double]]
  private let rows: [[Double]]
  /// Whether a photo counts for nearness.
  private let counts: [Bool]
  /// The same, of each labelled photo, without its label.
  private let countsWithout: [[Bool]]
  private let classes: Int
  private let neighbours: Int
  private let coefficients: [[Double]]
  private let mean: [Double]

  init(_ labelled: [[Double]], _ labels: [Int], _ others: [[Double]], classes: Int) {
    let all = labelled + others, count = all.count
    func average(_ rows: [[Double]]) -> [Double] {
      rows[0].indices.map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
    }
    let ofClasses = (0..<classes).map { label in average(labelled.indices.filter { labels[$0] == label }.map { labelled[$0] }) }
    let given = average(ofClasses), found = average(others)
    let part = Double(others.count) / Double(count)
    centre = zip(given, found).map { 0.5 * ($0 + (1 - part) * $0 + part * $1) }
    let distance = zip(given, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    shift = distance / max(1e-6, 1 - dot(found, found))
    let (centre, k) = (centre, min(count - 1, max(3, min(10, count / (4 * classes)))))
    let rows = all.map { unit(zip($0, centre).map { $0 - $1 }) }
    let nearest = rows.indices.map { i in
      rows.indices.filter { $0 != i }.sorted { dot(rows[$0], rows[i]) > dot(rows[$1], rows[i]) }.prefix(k)
    }
    let edges = rows.indices.map { i in
      rows.indices.map { j in nearest[i].contains(j) || nearest[j].contains(i) ? max(0, dot(rows[i], rows[j])) : 0 }
    }
    let degrees = edges.map { $0.reduce(0, +) }
    let seeds = rows.indices.map { i in (0..<classes).map { i < labels.count && labels[i] == $0 ? 1.0 : 0.0 } }
    func spread(_ seeds: [[Double]]) -> [[Double]] {
      var flow = seeds
      for _ in 0..<10 {
        let before = flow
        for i in rows.indices {
          for label in 0..<classes {
            var sum: Double = 0
            for j in rows.indices where edges[i][j] > 0 {
              sum += edges[i][j] / (degrees[i] * degrees[j]).squareRoot() * before[j][label]
            }
            flow[i][label] = seeds[i][label] + 0.8 * sum
          }
        }
      }
      return flow
    }
    func reached(_ flow: [[Double]]) -> [Bool] {
      let reach = flow[labels.count...].map { $0.reduce(0, +) }, bound = reach.sorted()[others.count * 3 / 5]
      return flow.indices.map { $0 < labels.count || (flow[$0].reduce(0, +) >= bound && bound > 1e-6) }
    }
    let flow = spread(seeds)
    counts = reached(flow)
    countsWithout = labels.indices.map { left in
      var fewer = seeds
      fewer[left] = seeds[left].map { _ in 0 }
      return reached(spread(fewer))
    }
    softLabels = flow.map { row in
      let total = row.reduce(0, +)
      return row.map { total > 1e-9 ? $0 / total : 1 / Double(classes) }
    }
    let soft = softLabels
    let masses = (0..<classes).map { label in soft[labels.count...].reduce(0) { $0 + $1[label] } }
    let weights = rows.indices.map { i -> Double in
      guard i >= labels.count else { return 1 }
      let best = soft[i].max()!, label = soft[i].firstIndex(of: best)!
      return max(1e-3, best * best * min(2, Double(others.count) / Double(classes) / masses[label]))
    }
    let total = weights.reduce(0, +)
    let mean = rows[0].indices.map { column in rows.indices.reduce(0) { $0 + weights[$1] * rows[$1][column] } / total }
    let shifted = rows.map { zip($0, mean).map { $0 - $1 } }
    let penalty = shifted.indices.reduce(0) { $0 + weights[$1] * dot(shifted[$1], shifted[$1]) } / total
    var system: [[Double]] = []
    for i in shifted.indices {
      var row: [Double] = []
      for j in shifted.indices {
        let ridge: Double = i == j ? penalty / weights[i] : 0
        row.append(dot(shifted[i], shifted[j]) + 1 / Double(count) + ridge)
      }
      for label in 0..<classes { row.append((i < labels.count ? seeds[i][label] : soft[i][label]) - 1 / Double(classes)) }
      system.append(row)
    }
    for pivot in system.indices {
      for row in system.indices where row != pivot {
        let factor = system[row][pivot] / system[pivot][pivot]
        for column in pivot..<system[row].count { system[row][column] -= factor * system[pivot][column] }
      }
    }
    coefficients = system.indices.map { i in (0..<classes).map { system[i][count + $0] / system[i][i] } }
    (self.rows, self.mean, self.classes, neighbours) = (rows, mean, classes, k)
  }

  /// The mean cosine to the three nearest photos that count.
  func nearness(of embedding: [Double]) -> Double {
    PlainRecipe.nearness(of: unit(zip(embedding, centre).map { $0 - $1 }), to: rows.indices.filter { counts[$0] }.map { rows[$0] })
  }

  /// That of a labelled photo without itself: the mean of those to what all labels reached, and to what the others do.
  func leftOutNearness(_ index: Int) -> Double {
    [counts, countsWithout[index]].reduce(0) { sum, counts in
      sum + 0.5
        * PlainRecipe.nearness(of: rows[index], to: rows.indices.filter { $0 != index && counts[$0] }.map { rows[$0] })
    }
  }

  private static func nearness(of row: [Double], to others: [[Double]]) -> Double {
    let found = others.map { dot($0, row) }.sorted(by: >).prefix(3)
    return found.reduce(0, +) / Double(found.count)
  }

  /// The average of a head's probabilities and of the two others.
  func average(_ embedding: [Double], _ head: [Double]) -> [Double] {
    let query = unit(zip(embedding, centre).map { $0 - $1 })
    let scores = (0..<classes).map { label in
      rows.indices.reduce(0) { sum, i in
        let product = dot(zip(query, mean).map { $0 - $1 }, zip(rows[i], mean).map { $0 - $1 })
        return sum + (product + 1 / Double(rows.count)) * coefficients[i][label]
      }
    }
    let powers = scores.map { exponential(10 * $0) }, sum = powers.reduce(0, +)
    let nearest = rows.indices.sorted { dot(rows[$0], query) > dot(rows[$1], query) }.prefix(neighbours)
    let votes = (0..<classes).map { label in nearest.reduce(0) { $0 + max(1e-9, dot(rows[$1], query)) * softLabels[$1][label] } }
    let all = votes.reduce(0, +)
    return (0..<classes).map { (head[$0] + powers[$0] / sum + votes[$0] / all) / 3 }
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
private func unit(_ row: [Double]) -> [Double] {
  let length = dot(row, row).squareRoot()
  return row.map { $0 / length }
}

/// By the series, of the half, squared: exact enough for arguments of the tests.
private func exponential(_ value: Double) -> Double {
  var (term, sum) = (1.0, 1.0)
  for index in 1..<40 {
    term *= value / 16 / Double(index)
    sum += term
  }
  for _ in 0..<4 { sum *= sum }
  return sum
}
