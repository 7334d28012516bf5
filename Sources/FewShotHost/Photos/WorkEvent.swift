public import HostRuntime

/// What long work tells its caller while it runs; the library itself prints nothing.
public enum WorkEvent: Sendable {
  /// What is being done.
  public enum Activity: String, Sendable {
    case learning = "Learning"
    case reading = "Reading"
    case readingUnlabelled = "Reading photos without labels"
    case training = "Training"
    case aligning = "Aligning with the camera"
    case embedding = "Embedding"
    case statistics = "Statistics"
    case classes = "Classes"
    case calibration = "Reading photos"
    case classifying = "Classifying"
    case episodes = "Episodes"
  }

  /// `done` of `total` steps are finished.
  case progress(Activity, done: Int, total: Int)
  /// A photo is left out.
  case skipped(photo: String, PhotoError)
  /// A photo has the same bytes as `original`, which counts already.
  case copy(photo: String, original: String)
  /// Of so many photos these have no content, one colour or nearly no contrast, and are left out.
  case withoutContent(photos: [String], of: Int)
  /// Of so many photos these look to the network as others do, which count already.
  case copies([PhotoCopy], of: Int)
  /// So many of the labelled photos train the tail, evenly spread over each class.
  case trainsPart(taken: Int, of: Int, perClass: Int)
  /// Held-out photos are asked whether training helps, by so many short trainings.
  case asksHeldOutPhotos(trainings: Int)
  case checkpoint(CheckpointEvent)
}

/// What became of the state of a training in a file.
public enum CheckpointEvent: Sendable {
  /// Training goes on behind so many finished trainings and so many steps of the next.
  case resumed(path: String, trainings: Int, steps: Int)
  /// There is nothing to go on from, so training begins anew.
  case missing(path: String)
  /// There is a file to go on from, which was not asked for.
  case ignored(path: String)
  /// The last attempt to write it.
  case notWritten(FileError)
}

/// Gets what happens, on the thread that works.
public typealias WorkObserver = (WorkEvent) -> Void
