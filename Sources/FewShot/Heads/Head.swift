package import TinyNN

/// A way to classify embeddings that is learned from a few examples. Its file is all that knows it; `HeadMethod.accept` finds it.
///
/// Every head has the prototypes of the embeddings. What it learns besides are its parts: float32 values that follow the
/// prototypes in its section.
package protocol Head {
  static var traits: HeadTraits { get }

  /// Rows and columns of part `index`; nil behind the last.
  static func part(_ index: Int, classes: Int, features: Int) -> (rows: Int, columns: Int)?

  /// The penalty where none is named, `fewest` being the examples of the class that has fewest; 0 for heads without.
  static func penalty(fewest: Int) -> Float

  /// Values of working memory that `learn`, and then `calibrate`, need. Every class has an example.
  static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int

  /// Writes the parts, and with `LeavingOut.learning` the scores of the left-out examples, [examples][classes].
  /// - Parameters:
  ///   - parts: the prototypes are there already.
  ///   - scratch: at least `scratchCount` values.
  static func learn(
    _ examples: HeadExamples, penalty: Float, into parts: HeadParts<Self>, leftOut: Elements<Float>, scratch: Elements<Float>)

  /// Writes the score of each class, after `learn`. Asked of heads with `LeavingOut.refitting`.
  static func writeScores(of features: Embedding, _ parts: HeadParts<Self>, to scores: Elements<Float>)

  /// Scale, threshold, and what else the head chooses by its left-out examples.
  /// - Parameters:
  ///   - leftOut: scores of the left-out examples, [examples][classes]; not read with `LeavingOut.calibration`, nor where a
  ///     class has one example.
  ///   - scratch: at least `scratchCount` values.
  static func calibrate(
    _ examples: HeadExamples, penalty: Float, _ parts: HeadParts<Self>, leftOut: Elements<Float>, scratch: Elements<Float>
  ) -> Calibration

  /// Refuses parts of a file that `classify` cannot use.
  static func check(_ parts: HeadParts<Self>, _ check: SectionCheck) throws(ModelError)

  /// Values of working memory that `classify` needs.
  static func scratchCount(neighbours: Int) -> Int

  /// Classifies by what the head sees of an embedding; `cosine` of the result is left to the caller. The probability of each class
  /// goes to the first values of `confidences`.
  static func classify(
    _ features: Embedding, _ parts: HeadParts<Self>, _ calibration: Calibration, confidences: Elements<Float>,
    scratch: Elements<Float>
  ) -> Prediction
}

extension Optional<Elements<Float>> {
  /// What is added to the score of example `index`, or of a background embedding behind them.
  package func addend(_ index: Int) -> Float { map { PropagatedClassifier.nearnessShare * $0[index] } ?? 0 }
}

extension Head {
  package static func part(_ index: Int, classes: Int, features: Int) -> (rows: Int, columns: Int)? { nil }
  package static func penalty(fewest: Int) -> Float { 0 }
  package static func learn(
    _ examples: HeadExamples, penalty: Float, into parts: HeadParts<Self>, leftOut: Elements<Float>, scratch: Elements<Float>
  ) {}
  package static func writeScores(of features: Embedding, _ parts: HeadParts<Self>, to scores: Elements<Float>) {}
  package static func check(_ parts: HeadParts<Self>, _ check: SectionCheck) throws(ModelError) {}
  package static func scratchCount(neighbours: Int) -> Int { 0 }
}

/// What a head learns from.
package struct HeadExamples {
  /// Of length 1.
  package let embeddings: SupportSet
  /// The same as the head sees them, by `map`.
  package let features: SupportSet
  package let map: FeatureMap
  /// Of the encoder.
  package let statistics: StatisticsView?
  /// [examples + background]: the nearness to photos without labels, whose share is added to scores before the threshold is
  /// chosen; nil where there are none.
  package let nearness: Elements<Float>?

  package init(
    embeddings: SupportSet, features: SupportSet, map: FeatureMap, statistics: StatisticsView?, nearness: Elements<Float>? = nil
  ) {
    self.nearness = nearness
    self.embeddings = embeddings
    self.features = features
    self.map = map
    self.statistics = statistics
  }
}
