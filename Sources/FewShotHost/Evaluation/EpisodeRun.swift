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
  /// What photos without labels brought; nil where there were none.
  public let unlabelled: UnlabelledMeasures?
}

/// Episodes with photos without labels, beside the same episodes without them.
public struct UnlabelledMeasures: Sendable {
  /// Of the head alone.
  public let frozen: EpisodeResult
  /// Paired: with minus without, episode by episode.
  public let gain: EpisodeResult
  public let meanCount: Double
  /// Episodes in which they took part.
  public let trusted: Int
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
  /// - Parameter pool: which photos without labels an episode gets.
  public func measure(
    _ method: LearningMethod, statistics: StatisticsView?, pool: UnlabelledPool? = nil, progress: (Int) -> Void = { _ in }
  ) throws(HeadError) -> EpisodeMeasures {
    var cache: [FeatureMap.Kind: FeatureRows] = [:]
    var accuracies: [Double] = []
    var evaluation = TaskEvaluation(classCount: options.ways)
    var sums = [(auroc: Double, falseAcceptance: Double)](repeating: (0, 0), count: 3)
    var withOthers = 0
    var chosen: [HeadMethod: Int] = [:]
    var details = EpisodeDetails(classCount: dataset.classNames.count)
    var frozen: [Double] = []
    var (unlabelledCount, trusted) = (0, 0)
    for episode in 0..<options.episodes {
      var draw = draw(episode, others: true)
      var learner = learner(draw, statistics: statistics)
      if let pool {
        let unlabelled = unlabelledPhotos(takeUnlabelled(pool, &draw, episode))
        unlabelledCount += unlabelled.count
        learner.learn(with: unlabelled)
      }
      let head = try learner.learn(method)
      chosen[head.method, default: 0] += 1
      let seen = cache[head.features.kind] ?? features(head.features)
      cache[head.features.kind] = seen
      if pool != nil {
        var alone = head
        alone.propagation = nil
        frozen.append(accuracy(classify(draw.queries.map(\.row), alone, seen), draw))
        if head.propagation?.isTrusted == true { trusted += 1 }
      }
      let known = classify(draw.queries.map(\.row), head, seen)
      let others = classify(draw.others, head, seen)
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
      accuracies.append(accuracy(known, draw))
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
      chosen: chosen.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }, details: details,
      unlabelled: pool == nil
        ? nil
        : UnlabelledMeasures(
          frozen: EpisodeResult(accuracies: frozen),
          gain: EpisodeResult(accuracies: accuracies).minus(EpisodeResult(accuracies: frozen)),
          meanCount: Double(unlabelledCount) / Double(options.episodes), trusted: trusted))
  }

  private func accuracy(_ predictions: [Prediction], _ draw: Draw) -> Double {
    100 * Double(zip(predictions, draw.queries).count { $0.label == $1.label }) / Double(predictions.count)
  }

  func learner(_ draw: Draw, statistics: StatisticsView?) -> HeadLearner {
    let examples = ExampleMemory(count: draw.support.count, classCount: options.ways, dimension: dataset.dimension)
    for (index, row) in draw.support.enumerated() {
      let embedding = dataset.learned(row).embedding
      examples.set(index, to: embedding.span, label: index / options.shots)
    }
    return HeadLearner(examples: examples, lengths: draw.support.map { dataset.learned($0).length }, statistics: statistics)
  }

  /// What a head sees of all rows.
  func features(_ map: FeatureMap) -> FeatureRows { dataset.withEmbeddings { FeatureRows(map, $0, dataset.lengths) } }

  private func classify(_ rows: [Int], _ head: LearnedHead, _ features: FeatureRows) -> [Prediction] {
    var predictions: [Prediction] = []
    classify(rows, HeadClassifier(head), features) { _, prediction in predictions.append(prediction) }
    return predictions
  }

  /// Calls `body` with the index and the prediction of each row, its cosine being the largest to any prototype; the probabilities
  /// of the classes are the classifier's.
  func classify(_ rows: [Int], _ classifier: HeadClassifier, _ features: FeatureRows, _ body: (Int, Prediction) -> Void) {
    dataset.withEmbeddings { embeddings in
      for (index, row) in rows.enumerated() {
        var prediction = classifier.classify(features: features.matrix[row], of: embeddings[row])
        prediction.cosine = classifier.largestCosine(of: embeddings[row])
        body(index, prediction)
      }
    }
  }
}
