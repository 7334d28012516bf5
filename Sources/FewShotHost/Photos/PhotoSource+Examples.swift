import FewShot

extension PhotoSource {
  /// The photos of one class as examples, each once, by the mean embedding of `views`, nil being as many as suit their number.
  /// - Throws: `PhotoError`, or `LearningError.noPhotos` where none can be read.
  public func examples(of folder: PhotoFolder, views: Int? = nil) throws -> [LearnedExample] {
    let views = views ?? View.averagedCount(photos: folder.photos.count)
    var examples: [LearnedExample] = []
    try forEach(
      in: [folder], copies: .once, .learning,
      extract: { _, image throws(PhotoEncoderError) in try encoder.embed(image, views: views) }
    ) { examples.append(LearnedExample(identifier: $0.identifier, embedding: $1)) }
    guard !examples.isEmpty else { throw LearningError.noPhotos(className: folder.name) }
    return examples
  }
}
