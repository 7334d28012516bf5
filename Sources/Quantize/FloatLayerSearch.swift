import ModelCompiler
import TinyNN

extension Int8Lowering {
  /// The nodes that run in int8, the one first that harms the embeddings of the photos most when all others are float32.
  func mostHarmfulFirst(_ photos: CalibrationSet, progress: (Int, Int) -> Void) throws -> [String] {
    let float = try photos.embeddings(of: source)
    let names = try lowered().int8Nodes.map { source.nodes[$0].name }
    let all = Set(source.nodes.map(\.name))
    var harms: [(name: String, harm: Double)] = []
    for (done, name) in names.enumerated() {
      var alone = self
      alone.floatNodes = all.subtracting([name])
      var meter = ErrorMeter()
      for (a, b) in zip(float, try photos.embeddings(of: alone.lowered().graph)) { meter.add(a.span, b.span) }
      harms.append((name, 1 - meter.cosine))
      progress(done + 1, names.count)
    }
    return harms.enumerated().sorted { ($0.element.harm, $1.offset) > ($1.element.harm, $0.offset) }.map(\.element.name)
  }

  /// Keeps the fewest of these nodes, in this order, in float32 that bring `loss` down to `maximumLoss`, by halving; returns
  /// the loss then.
  mutating func keepFloat(_ order: [String], _ maximumLoss: Double, loss: (Int8Lowering) throws -> Double) throws -> Double {
    func keeping(_ count: Int) -> Int8Lowering {
      var candidate = self
      candidate.floatNodes.formUnion(order[..<count])
      return candidate
    }
    var (tooFew, enough) = (0, order.count)
    while enough - tooFew > 1 {
      let middle = (enough + tooFew) / 2
      if try loss(keeping(middle)) <= maximumLoss { enough = middle } else { tooFew = middle }
    }
    self = keeping(enough)
    return try loss(self)
  }
}
