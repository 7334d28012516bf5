import TinyNN

extension Translation {
  static let contractionRules: [String: Rule] = [
    "Einsum": { (translation) throws(ONNXImportError) in [try translation.contracted()] }
  ]

  /// A tensor whose axes have letters.
  private struct Lettered {
    var value: Value
    var letters: [Character]
  }

  /// Einstein's sum convention: operands are joined two at a time as one batched matrix product.
  private func contracted() throws(ONNXImportError) -> Value {
    guard let equation = try node.string("equation")?.filter({ $0 != " " }) else { throw node.error("the equation is missing") }
    let sides = equation.split(separator: ">", omittingEmptySubsequences: false)
    let terms = (sides[0].hasSuffix("-") ? sides[0].dropLast() : sides[0]).split(separator: ",", omittingEmptySubsequences: false)
    guard terms.count == operands.count, sides.count <= 2, !equation.contains("." as Character) else {
      throw node.unsupported("equation \(equation) with \(operands.count) inputs")
    }
    var parts: [Lettered] = []
    for (index, term) in terms.enumerated() {
      let part = Lettered(value: try operand(index), letters: Array(term))
      guard part.letters.count == part.value.shape.count, part.letters.allSatisfy(\.isLetter) else {
        throw node.error("equation \(equation) does not fit shape \(part.value.shape)")
      }
      guard Set(part.letters).count == part.letters.count else { throw node.unsupported("equation \(equation) takes a diagonal") }
      parts.append(part)
    }
    let all = parts.flatMap(\.letters)
    let output = sides.count == 2 ? Array(sides[1]) : Set(all).filter { letter in all.count { $0 == letter } == 1 }.sorted()
    guard Set(output).count == output.count, output.allSatisfy(all.contains) else { throw node.error("equation \(equation)") }

    var result = parts[0]
    for index in parts.indices.dropFirst() {
      let wanted = output + parts[(index + 1)...].flatMap(\.letters)
      result = try product(result, parts[index], keeping: wanted)
    }
    result = try summed(result) { output.contains($0) }
    return try arranged(result, output)
  }

  private func product(_ a: Lettered, _ b: Lettered, keeping wanted: [Character]) throws(ONNXImportError) -> Lettered {
    let a = try summed(a) { wanted.contains($0) || b.letters.contains($0) }
    let b = try summed(b) { wanted.contains($0) || a.letters.contains($0) }
    let shared = a.letters.filter(b.letters.contains)
    let batch = shared.filter(wanted.contains), depth = shared.filter { !wanted.contains($0) }
    let rows = a.letters.filter { !shared.contains($0) }, columns = b.letters.filter { !shared.contains($0) }
    func extent(_ letters: [Character], _ part: Lettered) -> [Int] {
      letters.map { letter in part.value.shape[part.letters.firstIndex(of: letter) ?? 0] }
    }
    guard extent(shared, a) == extent(shared, b) else {
      throw node.unsupported("shapes \(a.value.shape) and \(b.value.shape) disagree in a shared letter")
    }
    let (batches, m, n, k) = (extent(batch, a), extent(rows, a), extent(columns, b), extent(depth, a))
    let outer = batch.isEmpty ? [] : [batches.reduce(1, *)]
    let left = try reshaped(try arranged(a, batch + rows + depth), outer + [m.reduce(1, *), k.reduce(1, *)])
    let right = try reshaped(try arranged(b, batch + depth + columns), outer + [k.reduce(1, *), n.reduce(1, *)])
    return Lettered(value: try reshaped(try matrixProduct(left, right), batches + m + n), letters: batch + rows + columns)
  }

  /// The sum over the axes whose letters are not kept.
  private func summed(_ part: Lettered, _ isKept: (Character) -> Bool) throws(ONNXImportError) -> Lettered {
    let axes = part.letters.indices.filter { !isKept(part.letters[$0]) }
    guard !axes.isEmpty else { return part }
    let letters = part.letters.filter(isKept)
    let shape = part.letters.indices.filter { !axes.contains($0) }.map { part.value.shape[$0] }
    return Lettered(value: try reshaped(try reduced(.sum, part.value, axes), shape), letters: letters)
  }

  private func arranged(_ part: Lettered, _ letters: [Character]) throws(ONNXImportError) -> Value {
    try transposed(part.value, letters.map { letter in part.letters.firstIndex(of: letter) ?? 0 })
  }
}
