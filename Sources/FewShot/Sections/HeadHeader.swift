package import TinyNN

/// The first bytes of a head section: all of it but the learned values. Sections.swift has the layout.
package struct HeadHeader: Sendable {
  package let method: HeadMethod
  /// True if the method was chosen for the photos, not named.
  package let isChosen: Bool
  package let features: FeatureMap.Kind
  package var calibration: Calibration
  package let classCount: Int
  /// Values of an embedding.
  package let dimension: Int

  package init(
    _ method: HeadMethod, isChosen: Bool, features: FeatureMap.Kind, calibration: Calibration, classCount: Int, dimension: Int
  ) {
    self.method = method
    self.isChosen = isChosen
    self.features = features
    self.calibration = calibration
    self.classCount = classCount
    self.dimension = dimension
  }

  /// Reads a section of a task of `classCount` classes for an encoder of `dimension`.
  package init(_ check: SectionCheck, classCount: Int, dimension: Int) throws(ModelError) {
    let bytes = check.bytes
    try check.requireHeader(SectionLayout.wideHeaderByteCount, versions: 1...2)
    let isShort = bytes.word(0) == 1
    guard let method = HeadMethod(rawValue: bytes.word(4)), method == .prototype || !isShort else {
      throw check.refusal(at: 4, found: bytes.index(4) & 0x7FFF_FFFF)
    }
    self.method = method
    self.classCount = try check.number(8, in: classCount...classCount)
    self.dimension = try check.number(12, in: dimension...dimension)
    let scale = bytes.load(Float.self, at: 16), threshold = bytes.load(Float.self, at: 20)
    guard scale > 0, scale <= 65_536 else { throw check.refusal(at: 16) }
    guard threshold >= -65_536, threshold <= 65_536 else { throw check.refusal(at: 20) }
    guard let scaleSource = ScaleSource(rawValue: bytes.word(24)) else { throw check.refusal(at: 24) }
    guard let thresholdSource = ThresholdSource(rawValue: bytes.word(28)) else { throw check.refusal(at: 28) }
    let leftOut = try check.number(32, in: 0...TaskLimits.exampleCount)
    calibration = Calibration(
      scale: scale, threshold: threshold, scaleSource: scaleSource, thresholdSource: thresholdSource,
      leftOutCount: leftOut, leftOutRight: try check.number(36, in: 0...leftOut))
    guard !isShort else {
      try check.requireZeros(40..<SectionLayout.wideHeaderByteCount)
      (isChosen, features) = (false, .plain)
      return
    }
    isChosen = try check.number(48, in: 0...1) == 1
    let traits = method.traits
    if traits.neighbourLimit > 0 { calibration.neighbours = try check.number(52, in: 1...traits.neighbourLimit) }
    try check.requireZeros((traits.neighbourLimit > 0 ? 56 : 52)..<SectionLayout.wideHeaderByteCount)
    calibration.penalty = bytes.load(Float.self, at: 44)
    guard calibration.penalty >= 0, calibration.penalty <= 65_536 else { throw check.refusal(at: 44) }
    guard let kind = FeatureMap.Kind(rawValue: bytes.word(40)), kind == .plain || traits.features != .plain else {
      throw check.refusal(at: 40)
    }
    features = kind
  }

  /// Writes the header of prototypes that were named in the short form, which files had before there were other heads.
  package func write(to section: Elements<UInt8>, at start: Int = 0) {
    let isShort = method == .prototype && !isChosen
    section.store(isShort ? SectionLayout.version : 2, at: start)
    section.store(method.rawValue, at: start + 4)
    section.store(UInt32(truncatingIfNeeded: classCount), at: start + 8)
    section.store(UInt32(truncatingIfNeeded: dimension), at: start + 12)
    section.store(calibration.scale, at: start + 16)
    section.store(calibration.threshold, at: start + 20)
    section.store(calibration.scaleSource.rawValue, at: start + 24)
    section.store(calibration.thresholdSource.rawValue, at: start + 28)
    section.store(UInt32(truncatingIfNeeded: calibration.leftOutCount), at: start + 32)
    section.store(UInt32(truncatingIfNeeded: calibration.leftOutRight), at: start + 36)
    guard !isShort else { return }
    section.store(features.rawValue, at: start + 40)
    section.store(calibration.penalty, at: start + 44)
    section.store(UInt32(isChosen ? 1 : 0), at: start + 48)
    section.store(UInt32(truncatingIfNeeded: calibration.neighbours), at: start + 52)
  }
}
