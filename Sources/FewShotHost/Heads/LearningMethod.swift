public import FewShot

/// How a task learns: with a named head, or with the one that suits its photos.
public enum LearningMethod: Equatable, Sendable {
  case head(HeadMethod)
  /// `HeadChoice` chooses.
  case auto
}
