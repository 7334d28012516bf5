import FewShot
import FewShotHost
import HostRuntime

extension LearnedHead {
  /// One line for people, after "learned".
  var text: String { text(accuracy: calibration.leaveOneOutAccuracy) }

  /// The same with an accuracy that was measured otherwise.
  func text(accuracy: Double?, of network: String? = nil) -> String {
    let accuracy = accuracy.map {
      "leave-one-out accuracy \(decimal(100 * $0, digits: 1)) %\(network.map { " \($0)" } ?? "")"
    }
    return "\(methodText); \(accuracy ?? "one photo for each class, so no leave-one-out accuracy"); unknown below score "
      + """
      \(decimal(Double(calibration.threshold), digits: 3)) (\(calibration.thresholdSource.text)), scale \
      \(decimal(Double(calibration.scale), digits: 1))
      """
  }

  /// Warns where what the head says means nothing.
  func warnOfChance() {
    guard calibration.isChance else { return }
    let found =
      calibration.leftOutCount > 0
      ? "\(calibration.leftOutRight) of \(calibration.leftOutCount) left-out photos are right, no better than by chance"
      : "the encoder sees the same in all photos"
    warn(
      """
      \(found): its answers mean nothing, so every class gets about the same confidence; look whether the photos are in the \
      right folders, and whether the encoder was imported with its own --mean and --std
      """
    )
  }

  private var methodText: String {
    guard isChosen else { return "method \(method)\(calibration.neighbours > 0 ? ", \(calibration.neighbours) neighbours" : "")" }
    guard let best = candidates.first(where: { $0.method == method && $0.penalty == calibration.penalty }) else {
      return "method \(method), chosen by the prior as no class can spare a photo"
    }
    let others = candidates.filter { $0.method != method }.map { "\($0.method) \($0.right)" }.joined(separator: ", ")
    return
      "method \(method), chosen: \(best.right) of \(best.exampleCount) left-out photos right\(others.isEmpty ? "" : " (\(others))")"
  }

  private var candidateFields: JSON {
    .array(
      candidates.map {
        [
          "method": .string("\($0.method)"), "penalty": .float($0.penalty), "right": .integer($0.right),
          "of": .integer($0.exampleCount),
          "logLikelihood": .float($0.logLikelihood), "prior": .float($0.prior),
        ]
      })
  }

  var fields: [(name: String, value: JSON)] { fields(accuracy: calibration.leaveOneOutAccuracy) }

  /// The same with an accuracy that was measured otherwise.
  func fields(accuracy: Double?) -> [(name: String, value: JSON)] {
    [
      ("method", .string("\(method)")), ("chosen", .bool(isChosen)), ("candidates", candidateFields),
      ("threshold", .float(calibration.threshold)),
      ("thresholdSource", .string("\(calibration.thresholdSource)")), ("scale", .float(calibration.scale)),
      ("scaleSource", .string("\(calibration.scaleSource)")),
      ("leaveOneOutAccuracy", accuracy.map { .number(100 * $0) } ?? .null),
      ("leftOut", .integer(calibration.leftOutCount)),
      ("neighbours", calibration.neighbours > 0 ? .integer(calibration.neighbours) : .null),
    ]
  }
}

extension ThresholdSource {
  var text: String {
    switch self {
    case .leaveOneOut: "keeps \(Calibrator.keptPercent) % of left-out photos"
    case .background: "refuses \(Calibrator.refusedBackgroundPercent) % of the background photos"
    case .otherClasses: "from the other classes, as the encoder has no background photos"
    }
  }
}

extension Knowledge {
  /// For every command that writes a task.
  func warnOfSharedPhotos() { for shared in sharedPhotos { warn(shared.description) } }

  var json: JSON { .array(classes.map { ["name": .string($0.name), "photos": .integer($0.examples.count)] }) }

  var jsonWithPhotos: JSON {
    .array(
      classes.map { learned in
        [
          "name": .string(learned.name), "photos": .integer(learned.examples.count),
          "identifiers": JSON(learned.examples.map { PhotoIdentifier.text($0.identifier) }),
        ]
      })
  }
}

/// Plan and reality of this process's memory, on standard error.
func noteMemory(planned: Int, weights: Int) {
  let resident = residentByteCounts()
  note(
    """
    memory: plan \(grouped(planned)) bytes, weights \(grouped(weights)) bytes in place; resident \
    \(grouped(resident.now)) bytes, peak \(grouped(resident.peak))
    """
  )
}
