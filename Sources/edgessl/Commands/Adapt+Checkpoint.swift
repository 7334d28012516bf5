import ArgumentParser
import FewShot
import FewShotHost
import Glibc

/// What becomes of a training that was stopped.
struct InterruptionOptions: ParsableArguments {
  @Flag(help: "Go on with a training that was interrupted, from TASK.tnn.checkpoint: with the same bits as if it had not been.")
  var resume = false

  @Option(name: .customLong("checkpoint"), help: ArgumentHelp("Seconds between checkpoints of a training.", valueName: "SECONDS"))
  var checkpointInterval = 10.0

  func validate() throws {
    guard checkpointInterval >= 0, checkpointInterval <= 86_400 else {
      throw ValidationError("--checkpoint is \(checkpointInterval); it must be 0 to 86400 seconds")
    }
  }
}

extension Adapt {
  static func checkpointPath(_ task: String) -> String { task + ".checkpoint" }

  /// Where the training's state is kept; with --resume it holds what an interrupted one left.
  func checkpoint(_ identity: AdaptationIdentity, _ adapter: TailTrainer, task: String) throws(Failure) -> AdaptationCheckpoint {
    let path = Adapt.checkpointPath(task), isThere = isFile(path)
    let checkpoint: AdaptationCheckpoint
    do {
      checkpoint = try AdaptationCheckpoint(
        path: path, identity, of: adapter, interval: interruption.checkpointInterval, resumes: interruption.resume)
    } catch {
      let reason =
        switch error {
        case .damaged: "is damaged or not a checkpoint of this version"
        case .otherModel: "is of a training of another encoder"
        case .otherPhotos: "is of a training with other photos"
        case .otherOptions: "is of a training with other options, seed or budget"
        }
      throw Failure(.badData, "\(path): \(reason); give the same again, or leave --resume out to begin anew")
    }
    if checkpoint.hasResumed {
      let (trainings, step) = checkpoint.position
      note("goes on from \(path): \(trainings) trainings are done, \(step) steps of the next")
    } else if interruption.resume {
      note("\(path): is not there, so training begins anew")
    } else if isThere {
      warn("\(path): an interrupted training left it; --resume would go on from there, this one begins anew")
    }
    return checkpoint
  }

  func removeCheckpoint(of task: String) { unlink(Adapt.checkpointPath(task)) }
}
