import FewShot
import Glibc
public import HostRuntime
import TinyNN

/// A task that was learned, ready to be written.
public struct LearnedTask {
  /// The task file.
  public let file: [UInt8]
  public let knowledge: Knowledge
  public let head: LearnedHead
  /// What training the tail came to, and what photos without labels did; nil where neither was asked for.
  public let tail: TailOutcome?
  public let camera: CameraOutcome?
  /// Photos without labels that the task keeps; nil where none were offered or the plan has no room.
  public let unlabelled: UnlabelledPhotos?
  /// Photos without labels that were offered.
  public let offeredUnlabelled: Int
  /// The part of left-out photos that the network of the file answers rightly, aligned where it is; nil where every class has one
  /// photo.
  public var leaveOneOutAccuracy: Double? {
    camera?.isAligned == true ? camera?.gate?.leaveOneOutAccuracy : head.calibration.leaveOneOutAccuracy
  }
  /// The training's state, which is of no use once the task is written.
  let checkpointPath: String?

  /// Writes the task file atomically and removes the checkpoint of its training.
  /// - Parameters:
  ///   - path: of the file.
  ///   - lock: of what stood there when the previous task was read.
  public func write(to path: String, holding lock: FileLock? = nil) throws(FileError) {
    try writeAtomically(file, to: path, replacing: lock?.identity)
    if tail != nil, let checkpointPath { unlink(checkpointPath) }
  }

  /// Classifies with the task at once.
  /// - Throws: as `Classifier.init`.
  public func classifier() throws -> Classifier { try Classifier([ModelRunner(bytes: file)]) }
}

extension Learning {
  /// Learns from the photos that were added.
  /// - Parameters:
  ///   - previous: what the task knew before, kept for an undo.
  ///   - checkpoint: where the state of a training is kept.
  /// - Throws: `LearningError`, `PhotoError`, `TrainingError`, `ModelError`, `TaskEditError` or `HeadError`.
  public func finish(over previous: TaskFile? = nil, checkpoint: CheckpointOptions? = nil) throws -> LearnedTask {
    let model = source.model
    let frozen = try knowledge(photos, dimension: source.encoder.dimension)
    let training = try plan.tail.map { try train($0, frozen, checkpoint) }
    var tail = training?.0
    let knowledge = training?.1 ?? frozen, method = tail?.isTrained == false ? .auto : plan.options.method
    var camera = unlabelled.isEmpty ? nil : try align(tail?.trained, knowledge, method)
    // What an undo goes back to: the same photos with the encoder as it was.
    var before = previous ?? TaskFile(frozen, method: tail == nil ? plan.options.method : .auto)
    before.replace(by: frozen)
    let adapted = try adapted(tail?.trained, camera, before: before)
    tail?.trained = nil
    camera?.drop()
    var task = adapted == nil ? before : TaskFile(knowledge)
    task.method = method
    let encoded = try withExtendedLifetime(adapted) {
      task.unlabelled = try embedUnlabelled(by: adapted)
      return try task.encoded(encoder: adapted?.model ?? model)
    }
    return LearnedTask(
      file: encoded.bytes, knowledge: knowledge, head: encoded.head, tail: tail, camera: camera, unlabelled: task.unlabelled,
      offeredUnlabelled: unlabelled.count, checkpointPath: checkpoint?.path)
  }

  /// The encoder with all that was changed in it and with the way back to `before`; nil where nothing was.
  private func adapted(
    _ trained: TrainedEncoder?, _ camera: CameraOutcome?, before: TaskFile
  ) throws(ModelError) -> AdaptedEncoder? {
    guard let memory = camera?.file ?? trained?.memory else { return nil }
    return try withExtendedLifetime(memory) { () throws(ModelError) in
      try AdaptedEncoder(
        source.model, changed: try Model(validating: memory.bytes), task: before, calibration: trained?.calibration,
        keepsStatistics: trained == nil, aligned: camera?.aligned)
    }
  }
}
