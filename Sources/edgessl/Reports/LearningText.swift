import FewShot
import FewShotHost
import TinyNN

extension TailOutcome {
  var verdict: String {
    guard let gate, let winner = gate.winner, let untrained = gate.untrained else {
      return "a class has one photo only: the encoder stays as it is"
    }
    let compared =
      """
      held-out photos: \(winner.right) of \(gate.heldOut) right with training\(winner.text), \(untrained.right) without
      """
    return !isTrained ? "\(compared): the encoder stays as it is" : "\(compared): the trained tail is taken"
  }

  /// `memory` is the plan that it was part of.
  func fields(_ memory: LearningPlan) -> [(name: String, value: JSON)] {
    var fields: [(name: String, value: JSON)] = [
      ("trained", .bool(isTrained)), ("verdict", .string(verdict)), ("tailLayers", .integer(plan.layers)),
      ("trainedWeights", .integer(plan.training.trainedCount)), ("agreement", .number(agreement)), ("plan", memory.json),
      ("stepMilliseconds", .number(stepMilliseconds)),
    ]
    if isTrained { fields.append(("losses", .object(curve.lines.map { ($0.objective.name, JSON($0.losses)) }))) }
    if let gate {
      fields.append(
        (
          "gate",
          [
            "heldOut": .integer(gate.heldOut), "rightTrained": .integer(gate.winner?.right ?? 0),
            "rightFrozen": .integer(gate.untrained?.right ?? 0),
            "logLikelihoodFrozen": .float(gate.untrained?.logLikelihood ?? 0),
            "trials": .array(
              gate.trials.map {
                [
                  "auxiliary": JSON($0.auxiliaries.map(\.name)),
                  "right": .integer($0.right),
                  "logLikelihood": .float($0.logLikelihood),
                ]
              }),
          ]
        ))
    }
    return fields
  }
}

extension TrainingCurve {
  /// Where each objective's loss began and ended.
  var text: String {
    let parts = lines.compactMap { line -> String? in
      guard let first = line.losses.first, let last = line.losses.last else { return nil }
      return "\(line.objective.name) \(decimal(Double(first), digits: 3)) to \(decimal(Double(last), digits: 3))"
    }
    return "losses: \(parts.joined(separator: ", "))"
  }
}

extension AdaptationGate.Trial {
  fileprivate var text: String { auxiliaries.isEmpty ? "" : " (and \(auxiliaries.map(\.name).joined(separator: ", ")))" }
}

extension AdaptationPlan {
  /// What trains and how, without the bytes.
  var choice: String {
    let what = options.biasesOnly ? "biases of the last \(layers) layers" : "the last \(layers) layers"
    return "\(what) with \(options.optimizer), batch \(options.batch), \(options.views) views"
  }
}

extension LearningPlan {
  /// Of a plan with a tail: how it trains, and its bytes while it does.
  var json: JSON {
    guard let tail else { return .null }
    return [
      "layers": .integer(tail.layers), "views": .integer(tail.options.views), "batch": .integer(tail.options.batch),
      "optimizer": .string("\(tail.options.optimizer)"), "biasesOnly": .bool(tail.options.biasesOnly),
      "trunkBytes": .integer(self[.trunk]), "cacheBytes": .integer(self[.cutCache]), "weightBytes": .integer(self[.weights]),
      "stateBytes": .integer(self[.state]), "activationBytes": .integer(self[.activations]),
      "scratchBytes": .integer(self[.scratch]), "headBytes": .integer(self[.head]),
      "totalBytes": .integer(byteCount(of: .training)),
    ]
  }

  /// Of any plan: what it takes at most, and its parts. `weights`: bytes that are used in place.
  func fields(weights: Int) -> [(name: String, value: JSON)] {
    let parts = Part.allCases.filter { self[$0] > 0 }.map { (name: $0.rawValue, value: JSON.integer(self[$0])) }
    return [("planBytes", .integer(byteCount)), ("planParts", .object(parts)), ("weightBytes", .integer(weights))]
  }

  /// Of a plan with a tail: one line for people.
  var text: String {
    guard let tail else { return "" }
    return "training \(tail.choice): \(grouped(byteCount(of: .training))) bytes (trunk \(grouped(self[.trunk])), "
      + "cut tensors \(grouped(self[.cutCache])), weights \(grouped(self[.weights])), "
      + "gradients and state \(grouped(self[.state])), activations \(grouped(self[.activations] + self[.scratch])))"
  }
}

extension LearnedTask {
  /// One line for people, after "learned".
  var headText: String {
    guard camera?.isAligned == true else { return head.text }
    return head.text(accuracy: leaveOneOutAccuracy, of: "with the aligned encoder")
  }
}

extension LearnedTask {
  /// What photos without labels do beside the head; nil where the task keeps none.
  var unlabelledText: String? {
    guard let propagation = head.propagation else { return nil }
    let kept = "\(grouped(propagation.photos)) of \(grouped(offeredUnlabelled)) photos without labels stay in the task"
    return propagation.isTrusted
      ? "\(kept) and answer beside the head; forget them with: edgessl classes --forget-unlabelled"
      : "\(kept), but lie so far from the labelled ones that the head answers alone: most are of few of the classes, or of none"
  }

  var unlabelledFields: [(name: String, value: JSON)] {
    guard offeredUnlabelled > 0 else { return [] }
    return [
      (
        "unlabelled",
        [
          "offered": .integer(offeredUnlabelled), "kept": .integer(head.propagation?.photos ?? 0),
          "used": .bool(head.propagation?.isTrusted ?? false),
        ]
      )
    ]
  }
}

extension CameraOutcome {
  var text: String {
    guard verdict != .tooFewPhotos else {
      return
        """
        \(photos) photos without labels that tell something: too few to know a camera by, which takes \
        \(CameraAlignmentOptions().photoMinimum); the encoder stays as it is
        """
    }
    let found =
      "\(photos) photos without labels: shift \(decimal(shift, digits: 3)) from the labelled ones, "
      + "whose classes differ by up to \(decimal(classShift, digits: 3))"
    guard let gate else { return "\(found): the encoder stays as it is" }
    let asked =
      """
      \(gate.isLeftOut ? "left-out " : "")labelled photos as it may show them: \(gate.rightOfCamera) of \(gate.heldOut) right, \
      \(gate.rightOfCameraBefore) before; as they are: \(gate.right), \(gate.rightBefore) before
      """
    return isAligned
      ? "\(found): the encoder is aligned with their camera; \(asked)"
      : "\(found): aligned with their camera it would be spoilt, so the encoder stays as it is; \(asked)"
  }

  var fields: [(name: String, value: JSON)] {
    [
      (
        "camera",
        [
          "photos": .integer(photos), "shift": verdict == .tooFewPhotos ? .null : .number(shift),
          "classShift": verdict == .tooFewPhotos ? .null : .number(classShift), "aligned": .bool(isAligned),
          "verdict": .string(verdict.rawValue), "heldOut": gate.map { .integer($0.heldOut) } ?? .null,
          "right": gate.map { .integer($0.right) } ?? .null, "rightBefore": gate.map { .integer($0.rightBefore) } ?? .null,
          "rightOfCamera": gate.map { .integer($0.rightOfCamera) } ?? .null,
          "rightOfCameraBefore": gate.map { .integer($0.rightOfCameraBefore) } ?? .null,
        ]
      )
    ]
  }
}
