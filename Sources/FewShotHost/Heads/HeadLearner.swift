public import FewShot
import TinyNN

/// How a task learns: with a named head, or with the one that suits its photos.
public enum LearningMethod: Equatable, Sendable {
  case head(HeadMethod)
  /// `HeadLearner` chooses.
  case auto
}

/// One head that `auto` looked at.
public struct HeadCandidate: Equatable, Sendable {
  public let method: HeadMethod
  public let penalty: Float
  /// Examples that the others classify rightly, of `exampleCount`.
  public let right: Int
  public let exampleCount: Int
  /// The natural logarithm of the left-out examples' likelihood at the fitted scale.
  public let logLikelihood: Float
  /// What is known before any photo, in the same unit.
  public let prior: Float

  var score: Float { Float(right) + logLikelihood + prior }
}

/// Why a head cannot be learned.
public enum HeadError: Error, Equatable, Sendable, CustomStringConvertible {
  case needsStatistics(HeadMethod)
  case needsPositiveEmbeddings(HeadMethod)
  case tooManyExamples(HeadMethod)

  public var description: String {
    switch self {
    case .needsStatistics(let method):
      "method \(method) needs what embeddings of any photos look like, and the encoder's file has none; import it again with --statistics DIR"
    case .needsPositiveEmbeddings(let method): "method \(method) needs embeddings without negative values; this encoder has some"
    case .tooManyExamples(let method): "method \(method) takes at most \(RidgeHead.exampleLimit) photos; use prototype"
    }
  }
}

/// Learns and calibrates heads on the host: memory around the device code.
///
/// `auto` scores each candidate by its left-out examples: how many are right, plus the logarithm of their likelihood, plus a
/// prior that favours ridge regression at a middle penalty by as much as six more right examples. It is strong because a few
/// examples say little: with weaker priors the choice lost more than it won over photo sets (Tools/research/heads_table.py). With one example
/// for a class nothing can be left out, and the prior decides alone.
struct HeadLearner {
  let rows: [Float]
  let lengths: [Float]
  let labels: [UInt32]
  let classCount: Int
  let dimension: Int
  let statistics: StatisticsView?
  private let fewest: Int

  /// Penalties of ridge regression and their priors.
  static let penalties: [(value: Float, prior: Float)] = [(0.5, 5), (1, 6), (2, 6), (4, 4.5)]
  static let oneShotPenalty: Float = 2

  init(rows: [Float], lengths: [Float], labels: [UInt32], classCount: Int, dimension: Int, statistics: StatisticsView?) {
    self.rows = rows
    self.lengths = lengths
    self.labels = labels
    self.classCount = classCount
    self.dimension = dimension
    self.statistics = statistics
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[Int(label)] += 1 }
    fewest = counts.min() ?? 0
  }

  func learn(_ method: LearningMethod, calibration: Calibration? = nil) throws(HeadError) -> LearnedHead {
    switch method {
    case .head(.prototype): LearnedHead(prototypesOf: self, isChosen: false, calibration: calibration)
    case .head(.knn): LearnedHead(neighboursOf: self)
    case .head(let method): try linear(method, features: try features(of: method), isChosen: false)
    case .auto: try chosen()
    }
  }

  // MARK: Features

  /// The rows of `method`'s features: [examples][features].
  func features(of method: HeadMethod) throws(HeadError) -> FeatureRows {
    let map =
      FeatureMap(method.features, dimension: dimension, statistics: statistics)
      ?? method.plainFeatures.flatMap { FeatureMap($0, dimension: dimension, statistics: statistics) }
    guard let map else { throw .needsStatistics(method) }
    if map.kind == .power, rows.contains(where: { $0 < 0 }) { throw .needsPositiveEmbeddings(method) }
    return FeatureRows(map, rows, lengths)
  }

  // MARK: Choice

  private func chosen() throws(HeadError) -> LearnedHead {
    guard labels.count <= RidgeHead.exampleLimit else { return LearnedHead(prototypesOf: self, isChosen: true) }
    let joint = try features(of: .ridge)
    guard fewest > 1 else { return try linear(.ridge, features: joint, isChosen: true) }
    var candidates = [
      cosineCandidate(.prototype, FeatureRows(FeatureMap(.plain, dimension: dimension, statistics: nil)!, rows, lengths))
    ]
    if statistics != nil { candidates.append(cosineCandidate(.centred, try features(of: .centred))) }
    candidates += ridgeCandidates(joint)
    let best = candidates.max { $0.score < $1.score }!
    var head =
      switch best.method {
      case .prototype: LearnedHead(prototypesOf: self, isChosen: true)
      case .centred: try linear(.centred, features: try features(of: .centred), isChosen: true)
      default: try linear(.ridge, features: joint, isChosen: true, penalty: best.penalty)
      }
    head.candidates = candidates
    return head
  }

  private func cosineCandidate(_ method: HeadMethod, _ features: FeatureRows) -> HeadCandidate {
    var leftOut = [Float](repeating: 0, count: labels.count * classCount)
    withFeatures(features) { support in
      var span = leftOut.mutableSpan
      span.withValues { leaveOutCosines(support, to: $0) }
    }
    return candidate(method, 0, leftOut, prior: 0, preset: Calibrator.presetScale)
  }

  private func ridgeCandidates(_ features: FeatureRows) -> [HeadCandidate] {
    var leftOut = [Float](repeating: 0, count: labels.count * classCount)
    var scratch = ridgeScratch(features)
    return withFeatures(features) { support in
      var scratchSpan = scratch.mutableSpan
      return scratchSpan.withValues { scratch in
        let memory = RidgeHead.Memory(scratch, examples: labels.count, classes: classCount, features: features.map.count)
        let diagonal = RidgeHead.prepare(support.embeddings, memory)
        return HeadLearner.penalties.map { penalty in
          var span = leftOut.mutableSpan
          span.withValues { RidgeHead.solve(support, penalty: penalty.value * diagonal, memory, leftOut: $0) }
          return candidate(.ridge, penalty.value, leftOut, prior: penalty.prior, preset: LinearCalibrator.ridgeScale)
        }
      }
    }
  }

  private func candidate(_ method: HeadMethod, _ penalty: Float, _ leftOut: [Float], prior: Float, preset: Float) -> HeadCandidate {
    var leftOut = leftOut
    return withSupport(rows, labels, classCount: classCount, dimension: dimension) { support in
      var span = leftOut.mutableSpan
      return span.withValues { leftOut in
        let scale = LinearCalibrator.fittedScale(support, leftOut, preset: preset)
        return HeadCandidate(
          method: method, penalty: penalty, right: LinearCalibrator.rightCount(support, leftOut), exampleCount: labels.count,
          logLikelihood: -LinearCalibrator.lossOfLeftOut(support, leftOut, scale: scale), prior: prior)
      }
    }
  }

  // MARK: Learning

  /// [classes][dimension]
  var prototypes: [Float] {
    var prototypes = [Float](repeating: 0, count: classCount * dimension)
    withSupport(rows, labels, classCount: classCount, dimension: dimension) { support in
      var span = prototypes.mutableSpan
      PrototypeHead.learn(support, into: &span)
    }
    return prototypes
  }

  func ridgeScratch(_ features: FeatureRows) -> [Float] {
    [Float](repeating: 0, count: RidgeHead.scratchCount(examples: labels.count, classes: classCount, features: features.map.count))
  }

  func withFeatures<R>(_ features: FeatureRows, _ body: (SupportSet) -> R) -> R {
    withSupport(features.rows, labels, classCount: classCount, dimension: features.map.count, body)
  }

  /// Left-out cosines to the classes' prototypes on any features.
  func leaveOutCosines(_ support: SupportSet, to cosines: Values) {
    var prototypes = [Float](repeating: 0, count: classCount * support.dimension)
    var row = [Float](repeating: 0, count: support.dimension)
    var span = prototypes.mutableSpan
    PrototypeHead.learn(support, into: &span)
    prototypes.withUnsafeBufferPointer { buffer in
      let matrix = EmbeddingMatrix(buffer.baseAddress!, count: classCount, dimension: support.dimension)
      var rowSpan = row.mutableSpan
      rowSpan.withValues { LinearCalibrator.leaveOutCosines(support, prototypes: matrix, row: $0, to: cosines) }
    }
  }

  func linear(
    _ method: HeadMethod, features: FeatureRows, isChosen: Bool, penalty: Float? = nil
  ) throws(HeadError) -> LearnedHead {
    guard labels.count <= RidgeHead.exampleLimit || method == .centred || method == .power else { throw .tooManyExamples(method) }
    let penalty = method == .ridge ? penalty ?? (fewest > 1 ? 1 : HeadLearner.oneShotPenalty) : 0
    var result = LinearResult(classes: classCount, features: features.map.count, examples: labels.count)
    fit(method, features, penalty, labels, &result)
    if fewest > 1, method == .lda || method == .logistic { crossValidate(method, features, penalty, &result) }
    return LearnedHead(self, method, features, penalty, result, isChosen: isChosen, fewest: fewest)
  }

  /// Fits weights and biases; where leaving one out has a closed form, also the left-out scores.
  private func fit(
    _ method: HeadMethod, _ features: FeatureRows, _ penalty: Float, _ labels: [UInt32], _ result: inout LinearResult
  ) {
    let width = features.map.count
    let needsGram = method == .ridge || method == .lda || method == .logistic
    var scratch =
      needsGram
      ? [Float](
        repeating: 0, count: RidgeHead.scratchCount(examples: labels.count, classes: max(classCount, labels.count), features: width)
      ) : [0]
    var (weights, biases, leftOut, prototypes) = (result.weights, result.biases, result.leftOut, result.prototypes)
    withSupport(features.rows, labels, classCount: classCount, dimension: width) { support in
      var prototypeSpan = prototypes.mutableSpan
      PrototypeHead.learn(support, into: &prototypeSpan)
      guard needsGram else {
        weights = prototypes
        var leftOutSpan = leftOut.mutableSpan
        return leftOutSpan.withValues { leaveOutCosines(support, to: $0) }
      }
      var weightSpan = weights.mutableSpan
      var biasSpan = biases.mutableSpan
      var leftOutSpan = leftOut.mutableSpan
      var scratchSpan = scratch.mutableSpan
      weightSpan.withValues { weights in
        biasSpan.withValues { biases in
          leftOutSpan.withValues { leftOut in
            scratchSpan.withValues { scratch in
              let memory = RidgeHead.Memory(scratch, examples: labels.count, classes: classCount, features: width)
              if method == .lda { return DiscriminantHead.learn(support, memory, weights: weights, biases: biases) }
              let diagonal = RidgeHead.prepare(support.embeddings, memory)
              if method == .ridge {
                RidgeHead.solve(support, penalty: penalty * diagonal, memory, leftOut: leftOut)
              } else {
                LogisticHead.solve(support, diagonal: diagonal, memory)
              }
              RidgeHead.writeWeights(memory, examples: labels.count, classes: classCount, weights: weights, biases: biases)
            }
          }
        }
      }
    }
    (result.weights, result.biases, result.leftOut, result.prototypes) = (weights, biases, leftOut, prototypes)
  }

  /// Scores of left-out examples, for heads without a closed form: by 5 folds over which each class is spread, or, where a class
  /// would lose a half of its examples or so, one at a time.
  private func crossValidate(_ method: HeadMethod, _ features: FeatureRows, _ penalty: Float, _ result: inout LinearResult) {
    let width = features.map.count, folds = fewest < 4 && labels.count <= 64 ? labels.count : min(5, fewest)
    var seen = [Int](repeating: 0, count: classCount)
    let fold = labels.indices.map { index in
      seen[Int(labels[index])] += 1
      return folds == labels.count ? index : seen[Int(labels[index])] % folds
    }
    for held in 0..<folds {
      let kept = labels.indices.filter { fold[$0] != held }
      let rows = kept.flatMap { features.rows[$0 * width..<($0 + 1) * width] }
      var part = LinearResult(classes: classCount, features: width, examples: kept.count)
      fit(method, FeatureRows(features.map, rows: rows), penalty, kept.map { labels[$0] }, &part)
      for index in labels.indices where fold[index] == held {
        for label in 0..<classCount {
          var sum = part.biases[label]
          for column in 0..<width { sum += part.weights[label * width + column] * features.rows[index * width + column] }
          result.leftOut[index * classCount + label] = sum
        }
      }
    }
  }
}

/// Features of several embeddings: [count][features].
struct FeatureRows {
  let map: FeatureMap
  let rows: [Float]

  init(_ map: FeatureMap, rows: [Float]) {
    self.map = map
    self.rows = rows
  }

  /// `embeddings`, [count][dimension], are of length 1 and had `lengths`.
  init(_ map: FeatureMap, _ embeddings: [Float], _ lengths: [Float]) {
    self.map = map
    var rows = [Float](repeating: 0, count: lengths.count * map.count)
    embeddings.withUnsafeBufferPointer { buffer in
      var span = rows.mutableSpan
      span.withValues { values in
        for index in lengths.indices {
          let embedding = Embedding(buffer.baseAddress! + index * map.dimension, count: map.dimension)
          map.write(embedding, length: lengths[index], into: values.slice(index * map.count, map.count))
        }
      }
    }
    self.rows = rows
  }
}

struct LinearResult {
  var weights: [Float]
  var biases: [Float]
  /// [classes][features], of length 1
  var prototypes: [Float]
  /// [examples][classes]
  var leftOut: [Float]

  init(classes: Int, features: Int, examples: Int) {
    weights = [Float](repeating: 0, count: classes * features)
    prototypes = weights
    biases = [Float](repeating: 0, count: classes)
    leftOut = [Float](repeating: 0, count: examples * classes)
  }
}
