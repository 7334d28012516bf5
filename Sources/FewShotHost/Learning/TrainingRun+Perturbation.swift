import FewShot
import TinyNN

extension TrainingRun {
  /// Pushes the rows of objectives that want it at the cut and runs the tail on all rows again: first a little in a random
  /// direction, then the way in which the loss grew most from there. `step` alone decides what is drawn.
  func perturb(_ step: Int, _ phase: Float) {
    var random = CounterRandom(seed: seed ^ 0x7075_7368, stream: UInt64(step))
    forEachPerturbed { row, perturbation in
      let cut = tail.trainer.session.cut(row), size = perturbation.probe * cut.length
      // Of a mean square of 1.
      let factor = size * (3 / Float(cut.count)).squareRoot()
      for i in 0..<cut.count { cut[i] = cut[i] + factor * random.next(from: -1, to: 1) }
    }
    tail.trainer.session.forward()
    tail.trainer.session.embeddingGradients(0..<batches.rows.count).clear()
    for part in parts where type(of: part.objective).perturbation != nil { _ = loss(part, phase) }
    tail.trainer.session.backward()
    loadCuts()
    forEachPerturbed { row, perturbation in
      guard let slope = tail.trainer.session.cutGradient(row), slope.length > 0 else { return }
      let cut = tail.trainer.session.cut(row), factor = perturbation.radius * cut.length / slope.length
      for i in 0..<cut.count { cut[i] = cut[i] + factor * slope[i] }
    }
    tail.trainer.session.clearGradients()
    tail.trainer.session.forward()
  }

  private func forEachPerturbed(_ body: (Int, CutPerturbation) -> Void) {
    for part in parts {
      guard let perturbation = type(of: part.objective).perturbation else { continue }
      for row in part.rows { body(row, perturbation) }
    }
  }
}
