/// Why nothing was learned; what concerns one photo is a `PhotoError`, what concerns the budget a `LearningRefusal`.
public enum LearningError: Error, Sendable {
  /// None of a class's files is a photo that can be read.
  case noPhotos(className: String)
  /// None of so many files is a photo that can be read.
  case noUnlabelledPhotos(files: Int)
  /// What an interrupted training left cannot be gone on from.
  case checkpoint(path: String, AdaptationCheckpointError)
}
