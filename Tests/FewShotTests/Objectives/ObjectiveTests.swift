import HostRuntime
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct ObjectiveTests {
  static let kinds: [ObjectiveKind] = (0...UInt8.max).compactMap { ObjectiveKind(rawValue: $0) }

  @Test("Gradients by embeddings and own weights are those of finite differences", arguments: kinds)
  func gradients(_ kind: ObjectiveKind) {
    for rows in [1, 2, 6] where rows % kind.type.rows.viewsPerPhoto == 0 {
      let tested = ObjectiveCase(kind, rows: rows)
      let exact = tested.evaluate()
      // One photo alone has nothing to be told from.
      #expect(exact.loss.isFinite && exact.loss >= 0 && (rows == 2 || exact.loss > 0), "\(kind), \(rows) rows: loss \(exact.loss)")
      compare("\(kind), \(rows) rows, embeddings", exact.gradients) { tested.slopes(of: tested.embeddings.floats, at: $0) }
      compare("\(kind), \(rows) rows, own weights", exact.parameterGradients) { tested.slopes(of: tested.memory.floats, at: $0) }
    }
  }

  private func compare(_ what: String, _ exact: [Float], _ numeric: (Int) -> [Float]) {
    let largest = exact.reduce(0) { max($0, $1.magnitude) }
    // Of many weights some are asked, spread over all.
    for index in stride(from: 0, to: exact.count, by: 1 + exact.count / 60) {
      let value = exact[index], found = numeric(index)
      #expect(
        found.contains { abs($0 - value) <= 0.01 * largest + 1e-4 },
        "\(what) at \(index): \(value), by differences \(found), largest \(largest)")
    }
  }

  @Test("The weight multiplies gradients, not the loss", arguments: kinds)
  func weight(_ kind: ObjectiveKind) {
    let tested = ObjectiveCase(kind, rows: 4)
    let (one, half) = (tested.evaluate(), tested.evaluate(weight: 0.5))
    #expect(one.loss == half.loss)
    let all = zip(one.gradients + one.parameterGradients, half.gradients + half.parameterGradients)
    #expect(all.allSatisfy { abs($0 * 0.5 - $1) <= 1e-6 * max(1, abs($0)) }, "\(kind)")
  }

  @Test("Equal seeds give equal bits over steps, other seeds other ones", arguments: kinds)
  func seeds(_ kind: ObjectiveKind) {
    func bits(_ seed: UInt64) -> [UInt32] {
      let tested = ObjectiveCase(kind, rows: 4, seed: seed)
      var bits: [UInt32] = []
      for step in 1...3 {
        let found = tested.evaluate()
        tested.objective.update(learningRate: 0.01, step: step)
        bits += ([found.loss] + found.gradients).map(\.bitPattern)
      }
      return bits + tested.memory.floats.array.map(\.bitPattern)
    }
    let first = bits(3)
    #expect(first == bits(3) && first != bits(4), "\(kind)")
  }

  @Test("Memory one value too small is refused", arguments: kinds)
  func memory(_ kind: ObjectiveKind) {
    let shape = ObjectiveShape(dimension: 7, classCount: 3, photoCount: 6, rowCount: 4), count = kind.type.memoryCount(shape)
    let memory = AlignedMemory(byteCount: 4 * count)
    #expect(kind.type.init(shape, memory: memory.floats) != nil)
    #expect(count > 0 && kind.type.init(shape, memory: memory.floats.slice(0, count - 1)) == nil, "\(kind)")
  }

  @Test("An embedding of zeros has no gradient", arguments: kinds)
  func zeros(_ kind: ObjectiveKind) {
    let tested = ObjectiveCase(kind, rows: 4)
    for i in 0..<7 { tested.embeddings.floats[i] = 0 }
    let found = tested.evaluate()
    #expect(found.loss.isFinite && found.gradients[..<7].allSatisfy { $0 == 0 } && found.gradients.contains { $0 != 0 }, "\(kind)")
  }

  @Test("Steps of an objective's own weights lower its loss", arguments: kinds)
  func ownWeightsLearn(_ kind: ObjectiveKind) {
    let tested = ObjectiveCase(kind, rows: 6)
    guard tested.parameterCount > 0 else { return }
    let before = tested.evaluate().loss
    for step in 1...20 {
      _ = tested.evaluate()
      tested.objective.update(learningRate: 0.001, step: step)
    }
    #expect(tested.evaluate().loss < 0.7 * before, "\(kind): from \(before) to \(tested.evaluate().loss)")
  }
}
