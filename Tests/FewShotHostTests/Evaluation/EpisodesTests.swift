import FewShotTestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct EpisodesTests {
  private func dataset(classes: Int, photos: Int, dimension: Int = 10, spread: Float = 0.5) -> EmbeddedDataset {
    var source = SyntheticClasses(classes: classes, dimension: dimension, spread: spread)
    var dataset = EmbeddedDataset(dimension: dimension)
    for label in 0..<classes { dataset.add("c\(label)", (0..<photos + label).map { _ in source.embedding(ofClass: label) }) }
    return dataset
  }

  private func options(_ change: (inout EpisodeOptions) -> Void) -> EpisodeOptions {
    var options = EpisodeOptions()
    change(&options)
    return options
  }

  @Test func drawsAreDisjointAndBalanced() throws {
    let dataset = dataset(classes: 7, photos: 9)
    let episodes = try Episodes(dataset, options { ($0.ways, $0.shots, $0.queries) = (3, 4, 6) })
    var seen: Set<Int> = []
    for episode in 0..<200 {
      let draw = episodes.draw(episode)
      let rows = draw.support + draw.queries.map(\.row)
      #expect(Set(rows).count == rows.count, "a photo is drawn twice")
      #expect(draw.support.count == 12)
      for label in 0..<3 {
        let support = draw.support[4 * label..<4 * label + 4]
        let owner = try #require(dataset.ranges.firstIndex { $0.contains(support.first!) })
        #expect(support.allSatisfy { dataset.ranges[owner].contains($0) })
        let queries = draw.queries.filter { $0.label == label }
        #expect(queries.allSatisfy { dataset.ranges[owner].contains($0.row) })
        #expect(queries.count == min(6, dataset.ranges[owner].count - 4))
      }
      seen.formUnion(rows)
      #expect(episodes.draw(episode) == draw)
    }
    #expect(seen == Set(0..<dataset.ranges.last!.upperBound), "every photo comes up")
    #expect(episodes.draw(0) != episodes.draw(1))
    #expect(try Episodes(dataset, options { $0.seed = 1 }).draw(0) != Episodes(dataset, options { $0.seed = 2 }).draw(0))
  }

  @Test(arguments: [1, 5]) func accuracyAgreesWithDoubleArithmetic(shots: Int) throws {
    let dataset = dataset(classes: 6, photos: 15, spread: 0.9)
    let episodes = try Episodes(dataset, options { ($0.ways, $0.shots, $0.queries, $0.episodes) = (5, shots, 10, 50) })
    let result = episodes.run()
    #expect(result.accuracies.count == 50)
    func row(_ index: Int) -> [Double] { dataset.rows[10 * index..<10 * index + 10].map { Double($0) } }
    for (episode, accuracy) in result.accuracies.enumerated() {
      let draw = episodes.draw(episode)
      let prototypes = (0..<5).map { label in
        (0..<10).map { i in draw.support[shots * label..<shots * (label + 1)].reduce(0.0) { $0 + row($1)[i] } }
      }
      let right = draw.queries.count { query in
        let cosines = prototypes.map { cosine($0, row(query.row)) }
        return cosines.indices.max { cosines[$0] < cosines[$1] } == query.label
      }
      #expect(abs(accuracy - 100 * Double(right) / Double(draw.queries.count)) < 1e-9, "episode \(episode)")
    }
    let mean = result.accuracies.reduce(0, +) / 50
    let deviation = (result.accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 49).squareRoot()
    #expect(abs(result.mean - mean) < 1e-9 && abs(result.interval - 1.96 * deviation / 50.0.squareRoot()) < 1e-9)
    #expect(mean > 30 && mean < 100)
    #expect(episodes.run() == result)
  }

  @Test func tooLittleDataIsRefused() throws {
    let dataset = dataset(classes: 3, photos: 5)
    #expect(throws: EpisodeError.tooFewClasses(found: 3, needed: 5)) { try Episodes(dataset, EpisodeOptions()) }
    #expect(throws: EpisodeError.tooFewPhotos(className: "c0", found: 5, needed: 6)) {
      try Episodes(dataset, options { ($0.ways, $0.shots) = (3, 5) })
    }
  }
}

@Suite struct TaskEvaluationTests {
  @Test func countsAndErrors() throws {
    var evaluation = TaskEvaluation(classCount: 2)
    func prediction(_ label: Int, _ confidence: Float, cosine: Float, unknown: Bool = false) -> Prediction {
      Prediction(label: label, cosine: cosine, score: cosine, confidence: confidence, isUnknown: unknown)
    }
    evaluation.add(prediction(0, 0.9, cosine: 0.8), label: 0)
    evaluation.add(prediction(0, 0.7, cosine: 0.5), label: 1)
    evaluation.add(prediction(1, 1.0, cosine: 0.7, unknown: true), label: 1)
    evaluation.add(prediction(1, 0.6, cosine: 0.5, unknown: true), label: nil)
    evaluation.add(prediction(1, 0.6, cosine: 0.75), label: nil)
    #expect(evaluation.confusion == [[1, 0], [1, 1]])
    #expect(abs(evaluation.accuracy - 2.0 / 3) < 1e-12)
    #expect(evaluation.acceptedCount == 2 && evaluation.rejectedCount == 1 && evaluation.otherCount == 2)
    let expectedCalibrationError: Double = (0.1 + 0.7 + 0) / 3
    #expect(abs(evaluation.calibrationError() - expectedCalibrationError) < 1e-6)
    // Pairs (known, other): 0.8 beats both, 0.5 ties one and loses one, 0.7 beats one.
    let area: Double = try #require(evaluation.rejectionAUROC)
    let expectedArea: Double = (2 + 0.5 + 1) / 6
    #expect(abs(area - expectedArea) < 1e-12)
    #expect(TaskEvaluation(classCount: 2).rejectionAUROC == nil)
  }
}
