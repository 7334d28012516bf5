/// The labelled embeddings that a head learns from, in memory that somebody else keeps alive.
///
/// Safe to use because labels are below `classCount` by the initializer's promise, and every access is inside `count`.
@safe public struct SupportSet: @unchecked Sendable {
  /// Each of length 1.
  public let embeddings: EmbeddingMatrix
  public let classCount: Int
  private let labels: UnsafeRawPointer
  private let labelStride: Int

  /// `labels` holds a UInt32 below `classCount` every `labelStride` bytes, for each embedding; the caller keeps it alive as long
  /// as this value is in use.
  @unsafe public init(embeddings: EmbeddingMatrix, labels: UnsafeRawPointer, labelStride: Int = 4, classCount: Int) {
    self.embeddings = embeddings
    self.classCount = classCount
    unsafe self.labels = labels
    self.labelStride = labelStride
  }

  public var count: Int { embeddings.count }
  public var dimension: Int { embeddings.dimension }

  public func label(_ index: Int) -> Int {
    assert(index >= 0 && index < count)
    // In bounds: see the type's comment.
    return Int(truncatingIfNeeded: unsafe labels.loadUnaligned(fromByteOffset: index * labelStride, as: UInt32.self))
  }

  /// Examples of one class.
  public func count(ofClass label: Int) -> Int {
    var count = 0
    for index in 0..<self.count where self.label(index) == label { count += 1 }
    return count
  }

  /// Whether the embeddings tell nothing apart: their angles are below a twentieth of a degree or so. All 0 are equal, too.
  package var areAllEqual: Bool {
    let length = embeddings[0].dot(embeddings[0])
    for index in 1..<max(1, count) where embeddings[index].dot(embeddings[0]) < length - 1e-6 { return false }
    return true
  }

  /// Examples of the class that has fewest.
  public var fewest: Int {
    var fewest = Int.max
    for label in 0..<classCount { fewest = min(fewest, count(ofClass: label)) }
    return fewest
  }
}
