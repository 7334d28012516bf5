import TinyNN

extension Graph {
  /// GELU as exporters write it out: 0.5 x (1 + erf(x / sqrt(2))) or 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), its
  /// three factors in any order.
  func recognizedGELU(at index: Int, _ producers: [TensorID: Int]) -> (Activation, TensorID)? {
    let factors = factors(of: nodes[index].outputs[0], producers, depth: 2)
    let product = factors.compactMap(scalar).reduce(1, *)
    let computed = factors.filter { scalar($0) == nil }
    guard computed.count == 2, isNear(product, 0.5) else { return nil }
    for (x, gate) in [(computed[0], computed[1]), (computed[1], computed[0])] {
      guard let inner = summand(of: gate, besides: 1, producers), let producer = producers[inner],
        let function = nodes[producer].decoded(Activate.self)?.activation.function
      else { continue }
      let argument = nodes[producer].inputs[0]
      if function == .erf, isScaled(argument, x, by: 0.70710678, producers) { return (Activation(.gelu), x) }
      if function == .tanh, isCubic(argument, of: x, producers) { return (Activation(.geluTanh), x) }
    }
    return nil
  }

  private func isNear(_ value: Float, _ wanted: Float) -> Bool { abs(value - wanted) <= 1e-4 * wanted }

  /// The operands of a product of products; a division by a constant counts as a constant elsewhere.
  private func factors(of tensor: TensorID, _ producers: [TensorID: Int], depth: Int) -> [TensorID] {
    guard depth > 0, let (a, b) = operands(of: tensor, .multiply, producers) else { return [tensor] }
    return factors(of: a, producers, depth: depth - 1) + factors(of: b, producers, depth: depth - 1)
  }

  func operands(of tensor: TensorID, _ function: Binary.Function, _ producers: [TensorID: Int]) -> (TensorID, TensorID)? {
    guard let producer = producers[tensor], let binary = nodes[producer].decoded(Binary.self), binary.function == function,
      binary.activation == .none
    else { return nil }
    return (nodes[producer].inputs[0], nodes[producer].inputs[1])
  }

  /// x if `tensor` is x + `constant`.
  private func summand(of tensor: TensorID, besides constant: Float, _ producers: [TensorID: Int]) -> TensorID? {
    guard let (a, b) = operands(of: tensor, .add, producers) else { return nil }
    if scalar(b) == constant { return a }
    return scalar(a) == constant ? b : nil
  }

  private func isScaled(_ tensor: TensorID, _ x: TensorID, by factor: Float, _ producers: [TensorID: Int]) -> Bool {
    let parts = factors(of: tensor, producers, depth: 1)
    return parts.contains(x) && parts.compactMap(scalar).count == 1 && isNear(parts.compactMap(scalar)[0], factor)
  }

  /// sqrt(2 / pi) (x + 0.044715 x^3)
  private func isCubic(_ tensor: TensorID, of x: TensorID, _ producers: [TensorID: Int]) -> Bool {
    guard let (a, b) = operands(of: tensor, .multiply, producers) else { return false }
    for (factor, sum) in [(a, b), (b, a)] {
      guard let value = scalar(factor), isNear(value, 0.79788456), let (c, d) = operands(of: sum, .add, producers) else { continue }
      for (linear, cubic) in [(c, d), (d, c)] where linear == x {
        let parts = factors(of: cubic, producers, depth: 3)
        if parts.filter({ $0 == x }).count == 3, parts.count == 4, let k = parts.compactMap(scalar).first, isNear(k, 0.044715) {
          return true
        }
      }
    }
    return false
  }
}
