import FewShot
import HostRuntime
import TinyNN

/// A learned head with the memory that classifying takes.
final class HeadClassifier {
  private let head: LearnedHead
  private let view: HeadView
  private let memory: AlignedMemory
  private let scratch: Elements<Float>
  /// The probability of each class after `classify`; valid as long as this object.
  let confidences: Elements<Float>

  /// At the head's own scale where none is named.
  init(_ head: LearnedHead, scale: Float? = nil) {
    self.head = head
    view = scale.map { head.view.scaled($0) } ?? head.view
    let classes = view.classifier.prototypes.count
    memory = AlignedMemory(byteCount: 4 * (classes + view.scratchCount))
    confidences = memory.floats.slice(0, classes)
    scratch = memory.floats.slice(classes, view.scratchCount)
  }

  /// An embedding of length 1, and of `length` as the encoder gave it.
  func classify(_ embedding: Embedding, length: Float) -> Prediction {
    view.classify(embedding, length: length, confidences: confidences, scratch: scratch)
  }

  /// An embedding whose features are known.
  func classify(features row: Embedding, of embedding: Embedding) -> Prediction {
    view.classify(features: row, of: embedding, confidences: confidences, scratch: scratch)
  }

  /// The largest cosine to a prototype of the embeddings.
  func largestCosine(of embedding: Embedding) -> Float { view.classifier.nearest(to: embedding).cosine }
}
