import FewShotHost

/// What a library tells while it works, on standard error: progress where that is a terminal, warnings and notes in any case.
/// - Parameter encoder: the file of the encoder that works.
func console(_ encoder: String) -> WorkObserver {
  let console = WorkConsole(encoder: encoder)
  return { console.show($0) }
}

private final class WorkConsole {
  private let encoder: String
  private var progress: (activity: WorkEvent.Activity, line: Progress)?

  init(encoder: String) { self.encoder = encoder }

  func show(_ event: WorkEvent) {
    switch event {
    case .progress(let activity, let done, let total): update(activity, done, total)
    case .skipped(_, let error): warn("\(Failure(error, encoder: encoder).message); skipped")
    case .copy(let photo, let original): warn("\(photo): the same photo as \(original); counted once")
    case .withoutContent(let photos, let all):
      warn(
        """
        \(photos.count) of \(all) photos \(photos.count == 1 ? "has" : "have") no content, one colour or nearly no contrast, as \
        \(photos[0]); left out
        """
      )
    case .copies(let copies, let all):
      warn(
        """
        \(copies.count) of \(all) photos \(copies.count == 1 ? "is a copy" : "are copies"), as \(copies[0].photo) of \
        \(copies[0].original); counted once
        """
      )
    case .trainsPart(let taken, let all, let perClass):
      note("training takes \(taken) of \(all) photos, evenly spread: \(perClass) of a class at most")
    case .asksHeldOutPhotos(let trainings): note("asking held-out photos whether training helps: \(trainings) short trainings")
    case .checkpoint(let event): show(event)
    }
  }

  private func show(_ event: CheckpointEvent) {
    switch event {
    case .resumed(let path, let trainings, let steps):
      note("goes on from \(path): \(trainings) trainings are done, \(steps) steps of the next")
    case .missing(let path): note("\(path): is not there, so training begins anew")
    case .ignored(let path):
      warn("\(path): an interrupted training left it; --resume would go on from there, this one begins anew")
    case .notWritten(let failure): warn("\(failure); the training could not have been resumed")
    }
  }

  private func update(_ activity: WorkEvent.Activity, _ done: Int, _ total: Int) {
    if progress?.activity != activity {
      progress?.line.finish()
      progress = (activity, Progress(activity.rawValue, total: total))
    }
    progress?.line.update(done: done)
    guard done == total else { return }
    progress?.line.finish()
    progress = nil
  }
}
