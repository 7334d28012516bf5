public import FewShot
import HostRuntime
import TinyNN

/// Few-shot episodes in which the tail is trained, beside the prototypes of the same episodes without training.
public struct FinetuneResult: Sendable {
  public internal(set) var adapted: [Double] = []
  public internal(set) var frozen: [Double] = []
  /// Of `auto` on the encoder as it is, and of the mean of its answer and the trained tail's; empty where queries come through
  /// another camera.
  public internal(set) var auto: [Double] = []
  public internal(set) var averaged: [Double] = []
  /// Of the trained encoder aligned with the other camera where that is taken; empty where none was to be.
  public internal(set) var aligned: [Double] = []
  /// Episodes in which the alignment was taken.
  public internal(set) var alignedCount = 0
  /// Episodes in which the gate took the trained tail.
  public internal(set) var takenCount = 0
  /// Episodes in which another objective trained beside the prototypes.
  public internal(set) var auxiliaryCount = 0
  /// Photos without labels, over all episodes.
  public internal(set) var unlabelledCount = 0

  public var accuracy: EpisodeResult { EpisodeResult(accuracies: adapted) }
  public var frozenAccuracy: EpisodeResult { EpisodeResult(accuracies: frozen) }
  public var alignedAccuracy: EpisodeResult? { aligned.isEmpty ? nil : EpisodeResult(accuracies: aligned) }
  /// Paired: adapted minus frozen, episode by episode.
  public var gain: EpisodeResult { accuracy.minus(frozenAccuracy) }
  public var meanUnlabelledCount: Double { Double(unlabelledCount) / Double(adapted.count) }
}

/// The photos of a dataset through another camera, from which queries and photos without labels come.
public struct ShiftedPhotos {
  /// Network inputs of the original and the shifted photos, and how the encoder is aligned.
  public struct Alignment {
    let clean: TensorCache, shifted: TensorCache
    let options: CameraAlignmentOptions

    public init(clean: TensorCache, shifted: TensorCache, options: CameraAlignmentOptions) {
      self.clean = clean
      self.shifted = shifted
      self.options = options
    }
  }

  let embedded: EmbeddedDataset
  /// Of row 0 in the cut cache.
  let firstPlace: Int
  let alignment: Alignment?

  public init(embedded: EmbeddedDataset, firstPlace: Int, alignment: Alignment?) {
    self.embedded = embedded
    self.firstPlace = firstPlace
    self.alignment = alignment
  }
}

extension Episodes {
  /// Learns and classifies every episode with a trained tail. Row r of the dataset is the photo whose cached tensors start at
  /// r times `AdaptationOptions.placesPerPhoto`.
  /// - Parameters:
  ///   - tail: trained anew in every episode.
  ///   - statistics: the encoder's, for the head that `auto` chooses.
  ///   - gated: keeps the untrained tail where held-out photos say that training does not help.
  ///   - unlabelled: other photos of the episode's classes that train without a label.
  ///   - shifted: where queries and photos without labels come from, if not from the dataset.
  ///   - progress: gets the number of finished episodes.
  public func runFinetune(
    _ tail: TailTrainer, statistics: StatisticsView?, gated: Bool, unlabelled: UnlabelledDraw? = nil,
    shifted: ShiftedPhotos? = nil, progress: (Int) -> Void = { _ in }
  ) throws -> FinetuneResult {
    var result = FinetuneResult()
    let places = tail.plan.options.placesPerPhoto, firstQuery = shifted?.firstPlace ?? 0
    result.frozen = run(queriesOf: shifted?.embedded).accuracies
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      let photos = draw.support.enumerated().map { CachedPhoto(label: $0.offset / options.shots, first: $0.element * places) }
      let seed = options.seed &* 1_000_003 &+ UInt64(episode)
      let others = unlabelled.map { self.unlabelled(draw, $0) } ?? []
      let extra = others.map { firstQuery + $0 * places }
      result.unlabelledCount += extra.count
      var answer: AveragedAnswer?
      let learner = learner(draw, statistics: statistics)
      if shifted == nil { answer = AveragedAnswer(self, draw, try learner.learn(.auto)) }
      tail.restart()
      let gate =
        gated
        ? AdaptationGate(
          tail, photos, classCount: options.ways, untrained: try UntrainedAnswers(learner), unlabelled: extra, seed: seed)
        : nil
      if gate?.takesTrained ?? true {
        let candidate = gate?.winner?.auxiliaries ?? tail.plan.options.candidates[0]
        tail.restart()
        tail.train(photos, classCount: options.ways, unlabelled: extra, seed: seed, with: candidate)
        if !candidate.isEmpty { result.auxiliaryCount += 1 }
        let prototypes = tail.prototypes(photos, classCount: options.ways)
        let queries = tail.embeddings(draw.queries.map { firstQuery + $0.row * places })
        let right = NearestPrototype.rightCount(queries, draw.queries.map(\.label), prototypes, dimension: dataset.dimension)
        result.adapted.append(100 * Double(right) / Double(draw.queries.count))
        answer?.add(queries, prototypes, scale: gate?.winner?.calibration.scale ?? PrototypeLogits.scale)
        result.takenCount += 1
      } else {
        tail.restart()
        // As `adapt` answers then.
        result.adapted.append(answer?.frozenAccuracy ?? result.frozen[episode])
      }
      if let answer {
        result.auto.append(answer.frozenAccuracy)
        result.averaged.append(answer.accuracy)
      }
      if let alignment = shifted?.alignment {
        let found = try aligned(tail.trainer.trainedFile(), alignment, draw, others)
        result.aligned.append(found ?? result.adapted[episode])
        result.alignedCount += found == nil ? 0 : 1
      }
      progress(episode + 1)
    }
    return result
  }

  /// The accuracy of a trained encoder that was aligned with the other camera; nil where that is not taken.
  private func aligned(_ trained: AlignedMemory, _ alignment: ShiftedPhotos.Alignment, _ draw: Draw, _ unlabelled: [Int]) throws
    -> Double?
  {
    let original = try InputEmbedder(trained)
    guard let aligned = try EpisodeAlignment(original, alignment, self, draw, unlabelled).encoder else { return nil }
    // As in a task, the prototypes are of the labelled photos as the encoder saw them before.
    let prototypes = prototypes(original.embeddings(alignment.clean, draw.support))
    let rows = aligned.embeddings(alignment.shifted, draw.queries.map(\.row))
    let right = NearestPrototype.rightCount(rows, draw.queries.map(\.label), prototypes, dimension: dataset.dimension)
    return 100 * Double(right) / Double(draw.queries.count)
  }

  /// [ways][dimension] from the embeddings of an episode's support photos.
  func prototypes(_ support: [Float]) -> [Float] {
    var prototypes = [Float](repeating: 0, count: options.ways * dataset.dimension)
    let labels = (0..<options.ways * options.shots).map { UInt32($0 / options.shots) }
    withSupport(support, labels, classCount: options.ways, dimension: dataset.dimension) { support in
      var span = prototypes.mutableSpan
      PrototypeHead.learn(support, into: &span)
    }
    return prototypes
  }
}

enum NearestPrototype {
  static func rightCount(_ rows: [Float], _ labels: [Int], _ prototypes: [Float], dimension: Int) -> Int {
    var right = 0
    eachRow(rows, prototypes, dimension) { row, classifier, embedding in
      if classifier.nearest(to: embedding).label == labels[row] { right += 1 }
    }
    return right
  }

  static func eachRow(_ rows: [Float], _ prototypes: [Float], _ dimension: Int, _ body: (Int, CosineClassifier, Embedding) -> Void)
  {
    rows.withUnsafeBufferPointer { rows in
      prototypes.withUnsafeBufferPointer { prototypes in
        let classifier = CosineClassifier(
          prototypes: EmbeddingMatrix(prototypes.baseAddress!, count: prototypes.count / dimension, dimension: dimension),
          scale: 10, threshold: -1)
        let all = EmbeddingMatrix(rows.baseAddress!, count: rows.count / dimension, dimension: dimension)
        for row in 0..<all.count { body(row, classifier, all[row]) }
      }
    }
  }
}
