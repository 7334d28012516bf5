import FewShot
import HostRuntime
import TinyNN

/// What training the encoder's tail came to.
public struct TailOutcome {
  public let plan: AdaptationPlan
  /// What held-out photos say; nil where the photos were too few to ask.
  public let gate: AdaptationGate?
  /// Mean cosine of the trained tail's embeddings and those of the encoder that was written; 1 where nothing was trained.
  public internal(set) var agreement = 1.0
  /// Of the training that was taken.
  public internal(set) var stepMilliseconds = 0.0
  public internal(set) var curve = TrainingCurve()
  /// Whether the encoder has the trained tail; it stays as it is otherwise.
  public private(set) var isTrained = false
  /// The encoder with the trained tail, until the task is made of it.
  var trained: TrainedEncoder? { didSet { if trained != nil { isTrained = true } } }

  init(plan: AdaptationPlan, gate: AdaptationGate?) {
    self.plan = plan
    self.gate = gate
  }
}

/// An encoder with a trained tail, opened.
final class TrainedEncoder {
  let memory: AlignedMemory
  let model: Model
  /// By photos that were held out of its training.
  let calibration: Calibration

  init(_ memory: AlignedMemory, _ calibration: Calibration) throws(ModelError) {
    self.memory = memory
    model = try Model(validating: memory.bytes)
    self.calibration = calibration
  }
}

/// Where the state of a training is kept, so that one that was stopped can go on.
public struct CheckpointOptions: Sendable {
  public var path: String
  /// Seconds between writes.
  public var interval: Double
  /// Goes on from what the file holds, if there is one.
  public var resumes: Bool

  public init(path: String, interval: Double = 10, resumes: Bool = false) {
    self.path = path
    self.interval = interval
    self.resumes = resumes
  }
}
