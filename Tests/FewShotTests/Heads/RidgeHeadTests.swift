import FewShotTestSupport
import HostRuntime
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// Ridge regression in double arithmetic by elimination.
private struct PlainRidge {
  let centre: [Double]
  let rows: [[Double]]
  let labels: [Int]
  let classes: Int
  let lambda: Double

  /// `rows` as the head sees them.
  init(_ rows: [[Double]], _ labels: [Int], _ classes: Int, penalty: Double) {
    let centre = (0..<rows[0].count).map { c in rows.reduce(0) { $0 + $1[c] } / Double(rows.count) }
    self.rows = rows.map { zip($0, centre).map { $0 - $1 } }
    self.centre = centre
    self.labels = labels
    self.classes = classes
    lambda = penalty * self.rows.reduce(0) { $0 + dot($1, $1) } / Double(rows.count)
  }

  /// The scores of a row of features, learned from the rows but `left`; the centre and lambda stay those of all.
  func scores(of query: [Double], without left: Int? = nil) -> [Double] {
    let kept = rows.indices.filter { $0 != left }, share = 1 / Double(rows.count)
    var system = kept.map { i in
      kept.map { dot(rows[i], rows[$0]) + share + ($0 == i ? lambda : 0) }
        + (0..<classes).map { (labels[i] == $0 ? 1 : 0) - 1 / Double(classes) }
    }
    for pivot in kept.indices {
      for row in kept.indices where row != pivot {
        let factor = system[row][pivot] / system[pivot][pivot]
        for column in pivot..<system[row].count { system[row][column] -= factor * system[pivot][column] }
      }
    }
    let shifted = zip(query, centre).map { $0 - $1 }
    return (0..<classes).map { label in
      kept.indices.reduce(0) { sum, place in
        let coefficient = system[place][kept.count + label] / system[place][place]
        return sum + (dot(shifted, rows[kept[place]]) + share) * coefficient
      }
    }
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

struct RidgeHeadTests {
  @Test(arguments: [1, 3, 6]) func agreesWithDoubleArithmetic(shots: Int) throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 4, shots: shots)
    let file = try OpenedFile(try TestEncoder.bytes(statistics: TestEncoder.statistics()))
    let head = try LearnedHead(knowledge, statistics: try StatisticsView.of(file.model), method: .head(.ridge))
    let width = head.features.count
    #expect(head.features.kind == .joint && width == 16)
    let labels = knowledge.classes.indices.flatMap { label in knowledge.classes[label].examples.map { _ in label } }
    let rows = knowledge.classes.flatMap(\.examples).map { example in
      var row = [Float](repeating: 0, count: width)
      var span = row.mutableSpan
      withEmbedding(example.embedding) { head.features.write($0, length: example.length, to: &span) }
      return row.map { Double($0) }
    }
    let plain = PlainRidge(rows, labels, 4, penalty: Double(head.calibration.penalty))
    let section = AlignedMemory(copying: head.section)
    let parts = HeadParts<RidgeHead>(reading: section.bytes, classes: 4, dimension: 8, features: width, examples: nil)
    for (index, query) in rows.enumerated() {
      let expected = plain.scores(of: query)
      for label in 0..<4 {
        let found = (0..<width).reduce(Double(parts.part(1)[label])) { $0 + Double(parts.part(0)[label * width + $1]) * query[$1] }
        #expect(abs(found - expected[label]) < 1e-4, "example \(index), class \(label): \(found), expected \(expected[label])")
      }
    }
    withExtendedLifetime(section) {}
  }

  /// The closed form against learning again.
  @Test(arguments: [2, 5], [Float(0.5), 4]) func leavesOutByTheInverse(shots: Int, penalty: Float) {
    let (classes, width) = (3, 6)
    var source = SyntheticClasses(classes: classes, dimension: width, spread: 0.8)
    let examples = ExampleMemory(count: classes * shots, classCount: classes, dimension: width)
    var rows: [[Double]] = []
    for index in 0..<examples.count {
      let row = source.embedding(ofClass: index / shots).normalized().values
      examples.set(index, to: row.span, label: index / shots)
      rows.append(row.map { Double($0) })
    }
    let scratch = AlignedMemory(
      byteCount: 4 * GramMemory.count(examples: examples.count, classes: classes, features: width))
    let leftOut = AlignedMemory(byteCount: 4 * examples.count * classes)
    let memory = GramMemory(scratch.floats, examples: examples.count, classes: classes, features: width)
    let diagonal = memory.prepare(examples.support.embeddings)
    RidgeHead.solve(examples.support, penalty: penalty * diagonal, memory, leftOut: leftOut.floats)
    let plain = PlainRidge(rows, rows.indices.map { $0 / shots }, classes, penalty: Double(penalty))
    for index in rows.indices {
      let expected = plain.scores(of: rows[index], without: index)
      for label in 0..<classes {
        let found = Double(leftOut.floats[index * classes + label])
        #expect(abs(found - expected[label]) < 1e-4, "example \(index), class \(label): \(found), expected \(expected[label])")
      }
    }
    withExtendedLifetime((scratch, leftOut, examples)) {}
  }
}
