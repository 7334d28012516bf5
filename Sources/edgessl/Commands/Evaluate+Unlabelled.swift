import ArgumentParser
import FewShotHost

extension UnlabelledPool: ExpressibleByArgument {}

extension Evaluate {
  /// Photos without labels answer beside heads on the encoder as it is: those of a pool beside drawn photos, the rest beside chosen
  /// ones.
  func checkUnlabelledPool(_ methods: [Method], _ selections: [LabelSelection]) throws(Failure) {
    guard let unlabelledPool else { return }
    if methods == [.finetune] || shifted.shift != nil {
      throw Failure(.usage, "--unlabelled-pool goes with heads, without --method finetune and --shift")
    }
    guard (unlabelledPool == .rest) == !selections.isEmpty else {
      throw Failure(.usage, "--unlabelled-pool \(unlabelledPool.rawValue): rest goes with --select, the others without")
    }
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
