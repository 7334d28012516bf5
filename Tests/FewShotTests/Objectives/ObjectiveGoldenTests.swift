import Foundation
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// What PyTorch computed for one objective (Tools/golden/objectives.py).
private struct GoldenObjective: Decodable {
  let dimension: Int
  let weight: Float
  let photos, views, labels: [Int]
  let embeddings, prototypes: [Float]
  let averaged, allPhotos: [Float]?
  /// Of rows that are mixtures.
  let mates, mateLabels: [Int]?
  let shares: [Float]?
  let loss: Float
  let gradients: [Float]
  let parameters, parameterGradients, trained: [Float]?
  let learningRate: Float?
}

@Suite struct ObjectiveGoldenTests {
  @Test("Loss, gradients and three steps of own weights are PyTorch's", arguments: ObjectiveTests.kinds)
  func followsPyTorch(_ kind: ObjectiveKind) throws {
    let file = TestFolders.package.appending(path: "Tests/GoldenTraining/objectives.json")
    let golden = try #require(
      try JSONDecoder().decode([String: GoldenObjective].self, from: Data(contentsOf: file))[kind.name],
      "\(file.path) has nothing of \(kind.name): add it to Tools/golden/objectives.py")
    let tested = ObjectiveCase(
      kind, rows: golden.labels.count, dimension: golden.dimension, classes: golden.prototypes.count / golden.dimension)
    tested.rows = golden.labels.indices.map { row in
      var result = ObjectiveRow(photo: golden.photos[row], view: golden.views[row], label: golden.labels[row])
      if let mates = golden.mates, let labels = golden.mateLabels, let shares = golden.shares {
        result.mate = Int32(mates[row])
        result.mateLabel = Int32(labels[row])
        result.share = shares[row]
      }
      return result
    }
    tested.take([
      (.embeddings, golden.embeddings), (.prototypes, golden.prototypes), (.averaged, golden.averaged),
      (.photos, golden.allPhotos), (.parameters, golden.parameters),
    ])
    let found = tested.evaluate(weight: golden.weight)
    #expect(abs(found.loss - golden.loss) <= 1e-5 * golden.loss, "\(kind): loss \(found.loss), PyTorch \(golden.loss)")
    compare(kind, "gradients", found.gradients, golden.gradients)
    #expect((golden.parameterGradients == nil) == (tested.parameterCount == 0))
    if let gradients = golden.parameterGradients { compare(kind, "own weights' gradients", found.parameterGradients, gradients) }
    guard let rate = golden.learningRate, let trained = golden.trained else { return }
    for step in 1...3 {
      _ = tested.evaluate(weight: golden.weight)
      tested.objective.update(learningRate: rate, step: step)
    }
    compare(kind, "own weights after three steps", tested.memory.floats.slice(0, trained.count).array, trained)
  }

  private func compare(_ kind: ObjectiveKind, _ what: String, _ found: [Float], _ expected: [Float]) {
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    #expect(found.count == expected.count && largest > 0, "\(kind), \(what): \(found.count) values, PyTorch \(expected.count)")
    for (index, (value, reference)) in zip(found, expected).enumerated() where abs(value - reference) > 2e-5 * largest {
      Issue.record("\(kind), \(what) at \(index): \(value), PyTorch \(reference), largest \(largest)")
    }
  }
}
