package import TinyNN

/// Turns logits into probabilities in place and returns the cross-entropy of `label`.
package func softmax(_ logits: Elements<Float>, count: Int, label: Int) -> Float {
  var largest = logits[0]
  for i in 1..<max(1, count) where logits[i] > largest { largest = logits[i] }
  let own = logits[label] - largest
  var total: Float = 0
  for i in 0..<count {
    logits[i] = ElementaryMath.exp(logits[i] - largest)
    total = total + logits[i]
  }
  for i in 0..<count { logits[i] = logits[i] / total }
  return ElementaryMath.log(total) - own
}
