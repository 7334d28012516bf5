public import FewShot
import TinyNN

/// What a method did in few-shot episodes.
public struct EpisodeMeasures: Sendable {
  public let accuracies: EpisodeResult
  /// Over the queries of all episodes, 15 bins.
  public let calibrationError: Double
  /// Telling queries of the episode's classes from photos of the dataset's other classes, mean over episodes; nil where the
  /// dataset has no others. By the head's score, by the largest probability, by the largest cosine to a prototype.
  public let rejection: [RejectionMeasure]?
  /// The parts of known queries that are accepted, and of others that are refused, at the head's threshold.
  public let accepted: Double
  public let refused: Double?
  /// Episodes in which `auto` took each method.
  public let chosen: [(method: HeadMethod, episodes: Int)]
  public let details: EpisodeDetails
}

public struct RejectionMeasure: Equatable, Sendable {
  public let name: String
  /// Area under the ROC curve.
  public let auroc: Double
  /// The part of other things that is accepted where 95 % of the known ones are.
  public let falseAcceptance: Double
}

extension Episodes {
  /// Learns every episode with `method`, calibrates, and classifies its queries, and as many photos of other classes; calls
  /// `progress` with the number of finished ones. `statistics` are the encoder's.
  public func measure(
    _ method: LearningMethod, statistics: StatisticsView?, progress: (Int) -> Void = { _ in }
  ) throws(HeadError) -> EpisodeMeasures {
    var cache: [FeatureMap.Kind: FeatureRows] = [:]
    var accuracies: [Double] = []
    var evaluation = TaskEvaluation(classCount: options.ways)
    var sums = [(auroc: Double, falseAcceptance: Double)](repeating: (0, 0), count: 3)
    var withOthers = 0
    var chosen: [HeadMethod: Int] = [:]
    var details = EpisodeDetails(classCount: dataset.classNames.count)
    for episode in 0..<options.episodes {
      let draw = draw(episode, others: true)
      let head = try learner(draw, statistics: statistics).learn(method)
      chosen[head.method, default: 0] += 1
      if cache[head.features.kind] == nil { cache[head.features.kind] = FeatureRows(head.features, dataset.rows, dataset.lengths) }
      let known = classify(draw.queries.map(\.row), head, cache[head.features.kind]!)
      let others = classify(draw.others, head, cache[head.features.kind]!)
      let classes = (0..<options.ways).map { dataset.className(of: draw.support[$0 * options.shots]) }
      for (prediction, query) in zip(known, draw.queries) {
        evaluation.add(prediction, label: query.label)
        details.add(prediction, row: query.row, className: classes[query.label], takenFor: classes[prediction.label])
      }
      for prediction in others {
        evaluation.add(prediction, label: nil)
        details.addOther(prediction)
      }
      details.add(threshold: head.calibration.threshold)
      accuracies.append(100 * Double(zip(known, draw.queries).count { $0.label == $1.label }) / Double(known.count))
      if !others.isEmpty {
        withOthers += 1
        let signals: [(Prediction) -> Float] = [{ $0.score }, { $0.confidence }, { $0.cosine }]
        for (index, signal) in signals.enumerated() {
          let measure = rejection(known.map(signal), others.map(signal))
          sums[index].auroc += measure.auroc
          sums[index].falseAcceptance += measure.falseAcceptance
        }
      }
      progress(episode + 1)
    }
    let names = ["score", "maximum probability", "maximum cosine"]
    return EpisodeMeasures(
      accuracies: EpisodeResult(accuracies: accuracies), calibrationError: evaluation.calibrationError(),
      rejection: withOthers == 0
        ? nil
        : zip(names, sums).map {
          RejectionMeasure(name: $0, auroc: $1.auroc / Double(withOthers), falseAcceptance: $1.falseAcceptance / Double(withOthers))
        },
      accepted: Double(evaluation.acceptedCount) / Double(max(1, evaluation.knownCount)),
      refused: evaluation.otherCount == 0 ? nil : Double(evaluation.rejectedCount) / Double(evaluation.otherCount),
      chosen: chosen.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }, details: details)
  }

  func learner(_ draw: Draw, statistics: StatisticsView?) -> HeadLearner {
    let learned = draw.support.map { dataset.learned($0) }
    return HeadLearner(
      rows: learned.flatMap(\.embedding), lengths: learned.map(\.length),
      labels: draw.support.indices.map { UInt32($0 / options.shots) },
      classCount: options.ways, dimension: dataset.dimension, statistics: statistics)
  }

  private func classify(_ rows: [Int], _ head: LearnedHead, _ features: FeatureRows) -> [Prediction] {
    var predictions: [Prediction] = []
    classify(rows, head, features, scale: head.calibration.scale) { _, prediction, _ in predictions.append(prediction) }
    return predictions
  }

  /// Calls `body` with the index, the prediction and the classes' probabilities of each row.
  func classify(
    _ rows: [Int], _ head: LearnedHead, _ features: FeatureRows, scale: Float, _ body: (Int, Prediction, [Float]) -> Void
  ) {
    let width = features.map.count
    var confidences = [Float](repeating: 0, count: options.ways)
    dataset.rows.withUnsafeBufferPointer { all in
      head.prototypes.withUnsafeBufferPointer { prototypes in
        features.rows.withUnsafeBufferPointer { features in
          let nearest = CosineClassifier(
            prototypes: EmbeddingMatrix(prototypes.baseAddress!, count: options.ways, dimension: dataset.dimension),
            scale: scale, threshold: head.calibration.threshold)
          func embedding(_ row: Int) -> Embedding {
            Embedding(all.baseAddress! + row * dataset.dimension, count: dataset.dimension)
          }
          let isLinear: Void? = head.withClassifier(scale: scale) { classifier in
            for (index, row) in rows.enumerated() {
              var span = confidences.mutableSpan
              var prediction = span.withValues {
                classifier.classify(Embedding(features.baseAddress! + row * width, count: width), $0)
              }
              prediction.cosine = nearest.nearest(to: embedding(row)).cosine
              body(index, prediction, confidences)
            }
          }
          if isLinear != nil { return }
          var memory = [Float](repeating: 0, count: 2 * NeighbourHead.limit)
          let isNeighbours: Void? = head.withNeighbours(scale: scale) { classifier in
            for (index, row) in rows.enumerated() {
              var span = confidences.mutableSpan
              var memorySpan = memory.mutableSpan
              var prediction = span.withValues { confidences in
                memorySpan.withValues {
                  classifier.classify(embedding(row), confidences, memory: $0.slice(0, 2 * classifier.count))
                }
              }
              prediction.cosine = nearest.nearest(to: embedding(row)).cosine
              body(index, prediction, confidences)
            }
          }
          if isNeighbours != nil { return }
          for (index, row) in rows.enumerated() {
            var span = confidences.mutableSpan
            let prediction = nearest.classify(embedding(row), confidences: &span)
            body(index, prediction, confidences)
          }
        }
      }
    }
  }

  private func rejection(_ known: [Float], _ others: [Float]) -> (auroc: Double, falseAcceptance: Double) {
    let threshold = known.sorted()[known.count * 5 / 100]
    return (areaUnderROC(known, others), Double(others.count { $0 >= threshold }) / Double(others.count))
  }
}
