import FewShot
import ModelCompiler
public import TinyNN

/// What embeddings of any photos look like, gathered photo by photo: their mean, a few of them as background,
/// the principal axes of these as the base covariance, and what heads of few photos are worth on them.
///
/// The background is a sample in which every photo has the same chance (Vitter's reservoir sampling, 1985) with counter-based
/// random numbers, so the same photos in the same order give the same bytes.
public struct EncoderStatistics: Sendable {
  public static let backgroundCount = 256
  /// Fewer different photos are no statistics of photos.
  public static let photoMinimum = 8
  /// Principal axes: of 64 the last 44 brought 0.1 points of few-shot accuracy, and would be a third of the section.
  static let axisCount = 20

  public let dimension: Int
  public private(set) var photoCount = 0
  private var sums: [Double]
  private var background: [LearnedExample] = []
  private var random: CounterRandom
  /// Of the heads on these embeddings.
  public var scales: ScaleTable?

  public init(dimension: Int, seed: UInt64 = 0) {
    self.dimension = dimension
    sums = [Double](repeating: 0, count: dimension)
    random = CounterRandom(seed: seed)
  }

  /// Adds the embedding of a photo as the encoder gave it; its values are finite.
  public mutating func add(_ embedding: [Float]) {
    precondition(embedding.count == dimension)
    for index in 0..<dimension { sums[index] += Double(embedding[index]) }
    photoCount += 1
    let example = LearnedExample(identifier: UInt64(photoCount), embedding: embedding)
    if background.count < EncoderStatistics.backgroundCount {
      background.append(example)
    } else {
      let place = random.next(below: photoCount)
      if place < background.count { background[place] = example }
    }
  }

  /// The statistics section of a .tnn file, the background in half precision. Precondition: there is at least one photo.
  public var section: [UInt8] {
    precondition(photoCount > 0)
    let mean = sums.map { $0 / Double(photoCount) }
    let rows = background.map { example in
      (0..<dimension).map { Double(example.embedding[$0]) * Double(example.length) - mean[$0] }
    }
    let covariance = PrincipalAxes(of: rows, dimension: dimension, atMost: EncoderStatistics.axisCount)
    var halves: [UInt8] = []
    for example in background { for value in example.embedding { halves.append(word: HalfPrecision.bits(value)) } }
    return StatisticsSection(
      photoCount: photoCount, mean: mean.map { Float($0) }, lengths: background.map(\.length), elementType: .float16,
      background: halves,
      variances: covariance.variances.map { Float($0) }, residualVariance: Float(covariance.residual),
      axes: covariance.axes.map { $0.map { Float($0) } }, scales: scales
    ).bytes
  }

  /// The bytes of `encoder`'s file with these statistics instead of its own.
  public func file(of encoder: Model) -> [UInt8] {
    var writer = FileWriter(copying: encoder, except: [.statistics])
    writer.add(.statistics, section)
    return writer.finish()
  }
}
