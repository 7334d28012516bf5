import FewShotTestSupport
import HostRuntime
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct PropagationTests {
  /// Labelled photos and others of synthetic classes.
  private struct Case {
    let examples: ExampleMemory
    let unlabelled: UnlabelledPhotos
    let parts: PropagatedParts
    let memory: AlignedMemory
    var queries: [[Float]] = []

    init(classes: Int, shots: Int, counts: [Int], dimension: Int = 12, spread: Float = 0.6, seed: UInt64 = 1) {
      var source = SyntheticClasses(classes: classes, dimension: dimension, spread: spread, seed: seed)
      examples = ExampleMemory(count: classes * shots, classCount: classes, dimension: dimension)
      for index in 0..<examples.count {
        let embedding = source.embedding(ofClass: index / shots).normalized().values
        examples.set(index, to: embedding.span, label: index / shots)
      }
      var unlabelled = UnlabelledPhotos(dimension: dimension)
      for (label, count) in counts.enumerated() {
        for index in 0..<count { unlabelled.add(source.embedding(ofClass: label), identifier: UInt64(1000 * label + index)) }
      }
      for label in 0..<classes { queries.append(source.embedding(ofClass: label).normalized().values) }
      self.unlabelled = unlabelled
      memory = AlignedMemory(
        byteCount: PropagatedParts.byteCount(
          photos: unlabelled.count, labelled: examples.count, classes: classes, dimension: dimension))
      parts = PropagatedParts(
        memory.elements, photos: unlabelled.count, labelled: examples.count, classes: classes, dimension: dimension)
      unlabelled.write(to: parts)
    }

    var photos: DevicePhotos { DevicePhotos(labelled: examples.support, unlabelled: parts.rows) }

    func learn() -> Bool {
      let scratch = AlignedMemory(
        byteCount: 4
          * PropagationLearner.scratchCount(
            labelled: examples.count, unlabelled: unlabelled.count, classes: examples.classCount, dimension: examples.dimension))
      defer { withExtendedLifetime((examples, scratch, memory)) {} }
      return PropagationLearner.learn(photos, into: parts, scratch: scratch.floats)
    }

    func row(_ index: Int) -> [Double] {
      var values = [Float](repeating: 0, count: examples.dimension)
      var span = values.mutableSpan
      span.withElements { photos.write(index, into: $0) }
      return values.map { Double($0) }
    }

    var plain: PlainRecipe {
      PlainRecipe(
        (0..<examples.count).map(row), (0..<examples.count).map { examples.label($0) },
        (examples.count..<photos.count).map(row), classes: examples.classCount)
    }
  }

  @Test(arguments: [1, 3], [[9, 9, 9], [12, 5, 0], [40, 30, 20], [1, 0, 0]])
  func agreesWithDoubleArithmetic(shots: Int, counts: [Int]) {
    let found = Case(classes: 3, shots: shots, counts: counts, seed: UInt64(shots) + UInt64(counts[0]))
    let isTrusted = found.learn(), plain = found.plain, classes = 3
    #expect(isTrusted == (plain.shift <= 0.15 + 0.85 / Double(found.examples.count)), "shift \(plain.shift)")
    for index in 0..<found.photos.count {
      for label in 0..<classes {
        let (value, expected) = (Double(found.parts.softLabels[index * classes + label]), plain.softLabels[index][label])
        #expect(abs(value - expected) < 1e-4, "photo \(index), class \(label): \(value), expected \(expected)")
      }
    }
    let scratch = AlignedMemory(
      byteCount: 4
        * PropagatedClassifier.nearnessScratchCount(
          labelled: found.examples.count, unlabelled: found.unlabelled.count, classes: classes,
          dimension: found.examples.dimension))
    for (index, query) in found.queries.enumerated() {
      var confidences: [Float] = [0.5, 0.3, 0.2]
      let expected = plain.average(query.map { Double($0) }, confidences.map { Double($0) })
      var span = confidences.mutableSpan
      let classifier = PropagatedClassifier(found.photos, found.parts, countsNearness: true)
      let answer = span.withElements { confidences in
        query.withUnsafeBufferPointer {
          classifier.average(
            Embedding($0.baseAddress!, count: $0.count), sharpness: 1, confidences, scratch: scratch.floats)
        }
      }
      #expect(answer.label == expected.firstIndex(of: expected.max()!))
      let near = plain.nearness(of: query.map { Double($0) })
      #expect(abs(Double(answer.nearness) - near) < 1e-4, "query \(index): nearness \(answer.nearness), expected \(near)")
      for label in 0..<classes {
        #expect(
          abs(Double(confidences[label]) - expected[label]) < 1e-4,
          "query \(index), class \(label): \(confidences[label]), expected \(expected[label])")
      }
    }
    let values = AlignedMemory(byteCount: 4 * found.examples.count)
    PropagatedClassifier(found.photos, found.parts, countsNearness: true).writeNearness(
      nil, to: values.floats, scratch: scratch.floats)
    for index in 0..<found.examples.count {
      let near = plain.leftOutNearness(index)
      #expect(abs(Double(values.floats[index]) - near) < 1e-4, "photo \(index): \(values.floats[index]), expected \(near)")
    }
    withExtendedLifetime((found, scratch, values)) {}
  }

  /// Averages grow surer with the part of left-out photos that are right.
  @Test func sharpnessFollowsLeftOutPhotos() {
    func sharpness(_ right: Int, _ count: Int) -> Float {
      PropagatedClassifier.sharpness(
        Calibration(
          scale: 8, threshold: 0, scaleSource: .leaveOneOut, thresholdSource: .leaveOneOut, leftOutCount: count, leftOutRight: right
        ))
    }
    #expect(sharpness(0, 0) == 1 && sharpness(3, 20) == 1)
    #expect(abs(sharpness(98, 98) - (1 + 1.5 * 0.49)) < 1e-5 && sharpness(20, 25) > sharpness(15, 25))
  }

  /// Photos of one class, or of none, are not trusted; those of all are.
  @Test(arguments: [1, 5]) func trustsPhotosOfTheSameClasses(shots: Int) {
    var (trusted, ofOne) = (0, 0)
    for seed in 1...10 as ClosedRange<UInt64> {
      if Case(classes: 5, shots: shots, counts: [20, 20, 20, 20, 20], dimension: 32, seed: seed).learn() { trusted += 1 }
      if Case(classes: 5, shots: shots, counts: [60, 0, 0, 0, 0], dimension: 32, seed: seed).learn() { ofOne += 1 }
    }
    #expect(trusted >= 9 && ofOne <= 1, "trusted \(trusted) of 10, of one class \(ofOne)")
  }

  /// Where classes lie apart, labels reach all photos around them, and the answer is theirs.
  @Test func labelsReachTheirClass() {
    let found = Case(classes: 3, shots: 1, counts: [15, 15, 15], dimension: 24, spread: 0.35)
    #expect(found.learn())
    for index in 3..<found.photos.count {
      let own = Int(found.unlabelled.identifiers[index - 3] / 1000)
      let row = (0..<3).map { found.parts.softLabels[3 * index + $0] }
      #expect(row.firstIndex(of: row.max()!) == own, "photo \(index) of class \(own): \(row)")
      #expect(abs(row.reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test func nearCopiesCountOnce() {
    var source = SyntheticClasses(classes: 1, dimension: 16)
    var photos = UnlabelledPhotos(dimension: 16)
    let first = source.embedding(ofClass: 0)
    var taken = [photos.add(first, identifier: 7)]
    // The same direction, nearly the same one, and the same identifier.
    taken.append(photos.add(first.map { 3 * $0 }, identifier: 8))
    taken.append(photos.add(first.enumerated().map { $0.offset == 0 ? $0.element + 0.01 : $0.element }, identifier: 9))
    taken.append(photos.add(source.noise(), identifier: 7))
    taken.append(photos.add(source.noise(), identifier: 3))
    #expect(taken == [true, false, false, false, true])
    #expect(photos.identifiers == [3, 7])
    for identifier in 10..<2000 as Range<UInt64> { photos.add(source.noise(), identifier: identifier) }
    #expect(photos.count == TaskLimits.unlabelledCount)
  }

  @Test func marksTheFirstOfNearCopies() {
    var isFirst = [Bool](repeating: false, count: 5)
    var span = isFirst.mutableSpan
    let rows: [Float] = [1, 0, 0, 1, 0.999, 0.0447, 1, 0, 0.6, 0.8]
    rows.withUnsafeBufferPointer {
      NearCopies.mark(firstOf: EmbeddingMatrix($0.baseAddress!, count: 5, dimension: 2), in: &span)
    }
    #expect(isFirst == [true, true, false, false, true])
  }

  /// 500 rows against sorting.
  @Test func findsTheNearest() {
    var source = SyntheticClasses(classes: 4, dimension: 8)
    let rows = (0..<60).map { source.embedding(ofClass: $0 % 4).normalized().values }
    let memory = AlignedMemory(byteCount: 4 * NeighbourGraph.valueCount(60, neighbours: 7))
    let flat = rows.flatMap { $0 }
    flat.withUnsafeBufferPointer { values in
      let matrix = EmbeddingMatrix(values.baseAddress!, count: 60, dimension: 8)
      let graph = NeighbourGraph(of: matrix, neighbours: 7, memory: memory.floats)
      for photo in 0..<60 {
        let expected = (0..<60).filter { $0 != photo }.map { ($0, matrix[photo].dot(matrix[$0])) }.sorted { $0.1 > $1.1 }.prefix(7)
        let found = (0..<7).map { graph.neighbour($0, of: photo) }
        #expect(found.map(\.index) == expected.map(\.0), "photo \(photo)")
        #expect(abs(graph.typicality(of: photo, nearest: 5) - expected.prefix(5).reduce(0) { $0 + $1.1 } / 5) < 1e-6)
      }
    }
    withExtendedLifetime(memory) {}
  }

  /// What the issue promises of 250 photos of 160 values.
  @Test func staysInsideItsMemory() {
    let section = PropagatedParts.byteCount(photos: 250, labelled: 25, classes: 5, dimension: 160)
    let scratch = 4 * PropagationLearner.scratchCount(labelled: 25, unlabelled: 250, classes: 5, dimension: 160)
    #expect(section + scratch + 250 * (160 + 8) <= 400_000, "\(section) + \(scratch)")
  }
}
