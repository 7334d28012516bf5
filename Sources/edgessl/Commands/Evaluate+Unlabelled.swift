import ArgumentParser
import FewShotHost

extension UnlabelledPool: ExpressibleByArgument {}

extension Evaluate {
  /// Photos without labels answer beside heads of drawn photos; a task file has its own.
  func checkUnlabelledPool(_ methods: [Method], _ selections: [LabelSelection]) throws(Failure) {
    guard unlabelledPool != nil, methods == [.finetune] || shifted.shift != nil || !selections.isEmpty else { return }
    throw Failure(.usage, "--unlabelled-pool goes with heads on drawn photos, without --method finetune, --shift and --select")
  }
}

extension UnlabelledMeasures {
  var fields: [(name: String, value: JSON)] {
    [
      ("frozenAccuracy", .number(frozen.mean)), ("gain", .number(gain.mean)), ("gainCi95", .number(gain.interval)),
      ("unlabelledPhotos", .number(meanCount)), ("trustedEpisodes", .integer(trusted)),
    ]
  }

  var text: String {
    """
    ; photos without labels (\(decimal(meanCount, digits: 0))): \(gain.mean < 0 ? "" : "+")\(decimal(gain.mean, digits: 2)) +- \
    \(decimal(gain.interval, digits: 2))
    """
  }
}
