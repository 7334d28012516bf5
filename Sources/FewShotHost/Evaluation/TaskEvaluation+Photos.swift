public import FewShot

extension Classifier {
  /// Measures the task on labelled photos, copies included: folders named like its classes, others of things that it should call
  /// unknown. Also names the photos that cannot be read, and those with a wrong answer.
  public func evaluate(
    _ folders: [PhotoFolder], isStrict: Bool = false, observer: @escaping WorkObserver = { _ in }
  ) throws(PhotoError) -> (evaluation: TaskEvaluation, skipped: [String], mistakes: [TaskMistake]) {
    let labels = folders.map { folder in names.firstIndex { isSameName($0, folder.name) } }
    return try withSession { session throws(PhotoError) in
      let source = PhotoSource(session.encoder, isStrict: isStrict, observer: observer)
      var evaluation = TaskEvaluation(classCount: names.count), mistakes: [TaskMistake] = []
      try source.forEach(
        in: folders, copies: .all, .classifying,
        extract: { _, image throws(PhotoEncoderError) in try session.encoder.embed(image) }
      ) { photo, embedding in
        let answer = session.classify(embedding).prediction, label = labels[photo.label]
        evaluation.add(answer, label: label)
        // What is unknown may have any label.
        guard label == nil ? !answer.isUnknown : answer.isUnknown || answer.label != label else { return }
        mistakes.append(TaskMistake(photo: photo.path, label: label, answer: answer))
      }
      return (evaluation, source.skipped, mistakes)
    }
  }
}

/// A photo that a task answers wrongly.
public struct TaskMistake: Equatable, Sendable {
  public let photo: String
  /// The class of the photo; nil where it is none of the task's.
  public let label: Int?
  public let answer: Prediction
}
