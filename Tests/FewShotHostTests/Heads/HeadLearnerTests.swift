import FewShotTestSupport
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

struct HeadLearnerTests {
  private static let linear: [HeadMethod] = [.centred, .lda, .ridge, .logistic]

  private func opened(photos: Int = 300) throws -> OpenedFile {
    try OpenedFile(try TestEncoder.bytes(statistics: TestEncoder.statistics(photos: photos)))
  }

  /// Ridge regression in double arithmetic by elimination, on features that the device code made.
  private func ridge(_ rows: [[Double]], _ labels: [Int], _ classes: Int, _ penalty: Double, _ query: [Double]) -> [Double] {
    let count = rows.count, width = rows[0].count
    let centre = (0..<width).map { c in rows.reduce(0) { $0 + $1[c] } / Double(count) }
    let centred = rows.map { zip($0, centre).map { $0 - $1 } }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let lambda = penalty * centred.reduce(0) { $0 + dot($1, $1) } / Double(count)
    var system = (0..<count).map { i in
      (0..<count).map { dot(centred[i], centred[$0]) + 1 / Double(count) + ($0 == i ? lambda : 0) }
        + (0..<classes).map { (labels[i] == $0 ? 1 : 0) - 1 / Double(classes) }
    }
    for pivot in 0..<count {
      for row in 0..<count where row != pivot {
        let factor = system[row][pivot] / system[pivot][pivot]
        for column in pivot..<count + classes { system[row][column] -= factor * system[pivot][column] }
      }
    }
    let shifted = zip(query, centre).map { $0 - $1 }
    return (0..<classes).map { label in
      (0..<count).reduce(0) { $0 + (dot(shifted, centred[$1]) + 1 / Double(count)) * system[$1][count + label] / system[$1][$1] }
    }
  }

  @Test(arguments: [1, 3, 6]) func ridgeAgreesWithDoubleArithmetic(shots: Int) throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 4, shots: shots)
    let file = try opened()
    let head = try LearnedHead(knowledge, statistics: try StatisticsView.of(file.model), method: .head(.ridge))
    let examples = knowledge.classes.flatMap(\.examples), width = head.features.count
    #expect(head.features.kind == .joint && width == 16)
    let rows = FeatureRows(head.features, examples.flatMap(\.embedding), examples.map(\.length)).rows
    let doubles = examples.indices.map { i in rows[i * width..<(i + 1) * width].map { Double($0) } }
    let labels = knowledge.classes.enumerated().flatMap { label, learned in learned.examples.map { _ in label } }
    let linear = try #require(head.linear)
    for (index, query) in doubles.enumerated() {
      let expected = ridge(doubles, labels, 4, Double(head.calibration.penalty), query)
      for label in 0..<4 {
        let found = (0..<width).reduce(Double(linear.biases[label])) { $0 + Double(linear.weights[label * width + $1]) * query[$1] }
        #expect(abs(found - expected[label]) < 1e-4, "example \(index), class \(label): \(found), expected \(expected[label])")
      }
    }
  }

  @Test(arguments: linear + [.knn]) func aHeadInAFileSaysTheSame(method: HeadMethod) throws {
    let encoder = try opened()
    var task = TaskFile(try SyntheticClasses.knowledge(classes: 3, shots: 4), method: .head(method))
    let (bytes, head) = try task.encoded(encoder: encoder.model)
    let file = try OpenedFile(bytes)
    let view = try HeadView(file.model, classes: try ClassesView(file.model))
    #expect(view.method == method && view.calibration == head.calibration)
    #expect(view.scratchCount == (method == .knn ? 2 * head.calibration.neighbours : head.features.count))
    let read = try #require(try TaskFile(reading: file.model))
    #expect(read.method == .head(method))
    // The same knowledge gives the same bytes, also after an edit and its reverse.
    let added = task.knowledge.classes[0].examples
    try task.edit { knowledge throws(TaskEditError) in try knowledge.add(added, to: "extra") }
    try task.undo()
    #expect(try task.encoded(encoder: encoder.model).bytes.count == bytes.count)
    #expect(try task.encoded(encoder: encoder.model).bytes == bytes)
    var (confidences, scratch) = ([Float](repeating: 0, count: 3), [Float](repeating: 0, count: view.scratchCount))
    var right = 0
    for (label, learned) in task.knowledge.classes.enumerated() {
      for example in learned.examples {
        var confidenceSpan = confidences.mutableSpan
        var scratchSpan = scratch.mutableSpan
        let prediction = withEmbedding(example.embedding) {
          view.classify($0, length: example.length, confidences: &confidenceSpan, scratch: &scratchSpan)
        }
        right += prediction.label == label ? 1 : 0
        #expect(abs(confidences.reduce(0, +) - 1) < 1e-5 && prediction.confidence == confidences[prediction.label])
      }
    }
    #expect(right >= 10, "\(method): \(right) of 12 examples that it learned from")
  }

  @Test func headsWithoutTheirStatisticsAreRefusedOrLeftOut() throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 3, shots: 3)
    #expect(throws: HeadError.needsStatistics(.centred)) { try LearnedHead(knowledge, statistics: nil, method: .head(.centred)) }
    #expect(throws: HeadError.needsPositiveEmbeddings(.power)) {
      try LearnedHead(knowledge, statistics: nil, method: .head(.power))
    }
    let head = try LearnedHead(knowledge, statistics: nil, method: .auto)
    #expect(head.isChosen && !head.candidates.isEmpty && !head.candidates.contains { $0.method == .centred })
    #expect(head.features.kind == .plain)
  }

  @Test func oneExampleForEachClassLeavesTheChoiceToThePrior() throws {
    let head = try LearnedHead(try SyntheticClasses.knowledge(classes: 3, shots: 1), statistics: nil, method: .auto)
    #expect(head.method == .ridge && head.candidates.isEmpty && head.calibration.leftOutCount == 0)
    #expect(head.calibration.threshold.isFinite && head.calibration.scaleSource == .preset)
  }

  @Test func tasksMergeInAnyOrder() throws {
    var source = SyntheticClasses(classes: 4, dimension: 8)
    let shared = source.examples(ofClass: 0, count: 2)
    let parts = try (0..<3).map { device in
      var knowledge = Knowledge(dimension: 8)
      try knowledge.add(shared, to: "shared")
      try knowledge.add(source.examples(ofClass: 1, count: 2, firstIdentifier: UInt64(10 + 2 * device)), to: "common")
      try knowledge.add(source.examples(ofClass: 3, count: 1, firstIdentifier: UInt64(90 + device)), to: "own\(device)")
      return knowledge
    }
    let sections = try [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]].map { order in
      var merged = parts[order[0]]
      for index in order.dropFirst() { try merged.merge(parts[index]) }
      return merged.classesSection + merged.examplesSection + (try LearnedHead(merged, statistics: nil, method: .auto)).section
    }
    for other in sections.dropFirst() { #expect(other.count == sections[0].count && other.elementsEqual(sections[0])) }
    var merged = parts[0]
    try merged.merge(parts[1])
    #expect(merged.exampleCount == 2 + 4 + 2)
    let before = merged
    try merged.add([LearnedExample(identifier: 77, embedding: shared[0].embedding)], to: "common")
    try merged.removePhoto(77)
    #expect(merged == before)
    #expect(throws: TaskEditError.noSuchPhoto(77)) { try merged.removePhoto(77) }
    #expect(throws: TaskEditError.lastPhoto("own0")) { try merged.removePhoto(90) }
    #expect(throws: TaskEditError.otherEmbeddings) { try merged.merge(Knowledge(dimension: 4)) }
  }

  @Test func axesAreThoseOfTheSpread() {
    // Spread 3 along the first axis, 1 along the second.
    let rows: [[Double]] = [[3, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]]
    let axes = PrincipalAxes(of: rows, dimension: 3, atMost: 2)
    #expect(axes.variances.count == 2 && abs(axes.variances[0] - 4.5) < 1e-9 && abs(axes.variances[1] - 0.5) < 1e-9)
    #expect(abs(abs(axes.axes[0][0]) - 1) < 1e-9 && abs(abs(axes.axes[1][1]) - 1) < 1e-9 && axes.residual < 1e-9)
  }
}
