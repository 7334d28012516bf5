import ArgumentParser
import FewShotHost

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

  /// The state of a training for the task file at `path` is kept beside it.
  func checkpoint(of path: String) -> CheckpointOptions {
    CheckpointOptions(path: path + ".checkpoint", interval: checkpointInterval, resumes: resume)
  }
}
