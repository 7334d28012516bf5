package import TinyNN

/// InfoNCE with several positives (Khosla et al., "Supervised contrastive learning", 2020, the form with the mean outside the
/// logarithm; with one positive the loss of SimCLR, Chen et al. 2020):
///
///     L = mean over rows i of  - mean over positives p of  log(exp(u_i . u_p / t) / sum over a != i of exp(u_i . u_a / t))
package struct ContrastiveLoss {
  package let temperature: Float

  package init(temperature: Float) { self.temperature = temperature }

  /// The loss of rows of which those of the same key are positives. A row without a positive counts 0.
  /// - Parameters:
  ///   - gradients: gets those by the rows, [rows][dimension].
  ///   - logits: work for one value a row.
  package func loss(
    _ units: UnitRows, _ rows: Elements<ObjectiveRow>, key: (ObjectiveRow) -> Int32, gradients: Elements<Float>,
    logits: Elements<Float>
  ) -> Float {
    let count = units.count, dimension = units.dimension
    gradients.slice(0, count * dimension).clear()
    var sum: Float = 0
    for i in 0..<count where !units.isZero(i) {
      let own = key(rows[i])
      var positives = 0
      var largest = -Float.infinity
      for a in 0..<count where a != i && !units.isZero(a) {
        logits[a] = units.cosine(i, a) / temperature
        if logits[a] > largest { largest = logits[a] }
        if key(rows[a]) == own { positives += 1 }
      }
      guard positives > 0 else { continue }
      let share = 1 / Float(positives)
      var total: Float = 0
      var meanOfPositives: Float = 0
      for a in 0..<count where a != i && !units.isZero(a) {
        if key(rows[a]) == own { meanOfPositives = meanOfPositives + share * (logits[a] - largest) }
        logits[a] = ElementaryMath.exp(logits[a] - largest)
        total = total + logits[a]
      }
      sum = sum + ElementaryMath.log(total) - meanOfPositives
      let factor = 1 / (temperature * Float(count))
      for a in 0..<count where a != i && !units.isZero(a) {
        let slope = (logits[a] / total - (key(rows[a]) == own ? share : 0)) * factor
        gradients.slice(i * dimension, dimension).add(units[a], times: slope)
        gradients.slice(a * dimension, dimension).add(units[i], times: slope)
      }
    }
    return sum / Float(count)
  }
}
