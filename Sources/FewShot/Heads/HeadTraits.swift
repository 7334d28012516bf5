/// What is known of a head before it has learned anything.
package struct HeadTraits: Sendable {
  package let method: HeadMethod
  /// What it sees of an embedding.
  package let features: FeatureMap.Kind
  /// What it sees where the encoder's statistics lack what `features` needs; nil where it makes no sense without.
  package let plainFeatures: FeatureMap.Kind?
  /// The scale that left-out examples need of most encoders.
  package let presetScale: Float
  /// The scale where each class has one example.
  package let oneShotScale: Float
  package let leavingOut: LeavingOut
  /// True if it makes no sense of embeddings with negative values.
  package var needsNonNegativeEmbeddings = false
  /// More examples than this are too many.
  package var exampleLimit = TaskLimits.exampleCount
  /// True if it classifies by the examples themselves, and needs their section.
  package var usesExamples = false
  /// The largest number of neighbours that its calibration can have; 0 for heads without.
  package var neighbourLimit = 0
}

/// How the scores come about that examples have when they are left out.
package enum LeavingOut: Sendable {
  /// `Head.learn` writes them.
  case learning
  /// By learning again without them.
  case refitting
  /// `Head.calibrate` leaves them out.
  case calibration
}
