import FewShot
import TinyNN

/// What held-out photos say of an aligned encoder.
///
/// Labelled photos are left out, the head learns from the others as the encoder saw them before, and is asked what each shows. They
/// are not of the camera with which the encoder was aligned, and far from it they may all be lost by design; so they are asked as
/// that camera may show them (`CameraGuess`), with the encoder before and the aligned one. The guess is rough, and an encoder that
/// is good for the camera may answer it somewhat worse: the aligned encoder is refused where it answers clearly worse, or tells
/// little of the classes apart. Encoders that were aligned with frames of something else do both.
public struct AlignmentGate: Equatable, Sendable {
  /// The least part of what left-out photos have above chance that the aligned encoder has of them as the camera may show them.
  static let leastRight = 0.25
  /// Fewer than this part of the photos may it answer worse than the encoder before.
  static let mostLoss = 1.0 / 6

  /// Labelled photos that were asked.
  public internal(set) var heldOut: Int
  /// How many of them, as they are, are answered rightly as the encoder saw them before, and as the aligned one sees them.
  public internal(set) var rightBefore = 0
  public internal(set) var right = 0
  /// The same of photos as the camera may show them.
  public internal(set) var rightOfCameraBefore = 0
  public internal(set) var rightOfCamera = 0
  public internal(set) var classes: Int
  /// False where a class has one photo only: then none is left out.
  public internal(set) var isLeftOut: Bool

  /// Whether the aligned encoder is taken.
  public var isPassed: Bool {
    let chance = Double(heldOut) / Double(max(1, classes)), skill = max(0, Double(rightBefore) - chance)
    guard Double(rightOfCamera) >= chance + AlignmentGate.leastRight * skill else { return false }
    return Double(rightOfCameraBefore - rightOfCamera) < AlignmentGate.mostLoss * Double(heldOut)
  }

  /// The part of left-out photos that the aligned encoder's network answers rightly; nil where none was left out.
  public var leaveOneOutAccuracy: Double? { isLeftOut && heldOut > 0 ? Double(right) / Double(heldOut) : nil }

  /// The labelled photos in the order of the learner's examples: as they are by the aligned encoder, and as the camera may show
  /// them by the encoder before and by the aligned one.
  struct Asked {
    var aligned: [LearnedExample] = []
    var ofCameraBefore: [LearnedExample] = []
    var ofCamera: [LearnedExample] = []
  }

  /// - Parameter learner: has the labelled photos as the encoder saw them before.
  init(_ learner: HeadLearner, _ method: LearningMethod, _ asked: Asked) throws(HeadError) {
    let examples = learner.examples
    heldOut = examples.count
    classes = examples.classCount
    isLeftOut = examples.fewest > 1
    try learner.eachLeftOut(LeftOutHead(try learner.learn(method))) { head, index in
      let label = examples.label(index)
      rightBefore += head.classify(examples.support.embeddings[index], length: learner.lengths[index]).label == label ? 1 : 0
      right += head.classify(asked.aligned[index]).label == label ? 1 : 0
      rightOfCameraBefore += head.classify(asked.ofCameraBefore[index]).label == label ? 1 : 0
      rightOfCamera += head.classify(asked.ofCamera[index]).label == label ? 1 : 0
    }
  }
}
