package import TinyNN

/// The calibration of an adapted encoder, which the record of its adaptation holds.
package enum AdaptationCalibration {
  package static let headerByteCount = 48

  /// Scale and threshold of an adapted encoder; nil for one as it was imported, and where the head's own serve.
  package static func of(_ model: Model) throws(ModelError) -> Calibration? {
    guard model.has(.adaptation) else { return nil }
    let check = SectionCheck(bytes: model.section(.adaptation), offset: model.offset(of: .adaptation), reason: .taskMalformed)
    try check.requireHeader(headerByteCount)
    return try read(check)
  }

  package static func read(_ check: SectionCheck) throws(ModelError) -> Calibration? {
    if check.bytes.word(24) == 0 {
      try check.requireZeros(24..<40)
      return nil
    }
    let (scale, threshold) = (check.bytes.load(Float.self, at: 24), check.bytes.load(Float.self, at: 28))
    guard scale > 0, scale.isFinite else { throw check.refusal(at: 24) }
    guard threshold >= -1.001, threshold <= 1.001 else { throw check.refusal(at: 28) }
    let count = try check.number(32, in: 0...TaskLimits.exampleCount)
    return Calibration(
      scale: scale, threshold: threshold, scaleSource: .leaveOneOut, thresholdSource: .leaveOneOut, leftOutCount: count,
      leftOutRight: try check.number(36, in: 0...count))
  }
}
