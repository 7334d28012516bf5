extension Classifier {
  /// Measures the task on labelled photos, copies included: folders named like its classes, others of things that it should call
  /// unknown. Also names the photos that cannot be read.
  public func evaluate(
    _ folders: [PhotoFolder], isStrict: Bool = false, observer: @escaping WorkObserver = { _ in }
  ) throws(PhotoError) -> (evaluation: TaskEvaluation, skipped: [String]) {
    let labels = folders.map { folder in names.firstIndex { isSameName($0, folder.name) } }
    return try withSession { session throws(PhotoError) in
      let source = PhotoSource(session.encoder, isStrict: isStrict, observer: observer)
      var evaluation = TaskEvaluation(classCount: names.count)
      try source.forEach(
        in: folders, copies: .all, .classifying,
        extract: { _, image throws(PhotoEncoderError) in try session.encoder.embed(image) }
      ) { evaluation.add(session.classify($1).prediction, label: labels[$0.label]) }
      return (evaluation, source.skipped)
    }
  }
}
