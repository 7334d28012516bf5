public import FewShot

/// Why a head cannot be learned.
public enum HeadError: Error, Equatable, Sendable, CustomStringConvertible {
  case needsStatistics(HeadMethod)
  case needsPositiveEmbeddings(HeadMethod)
  case tooManyExamples(HeadMethod)

  public var description: String {
    switch self {
    case .needsStatistics(let method):
      "method \(method) needs what embeddings of any photos look like, and the encoder's file has none; import it again with "
        + "--statistics DIR"
    case .needsPositiveEmbeddings(let method): "method \(method) needs embeddings without negative values; this encoder has some"
    case .tooManyExamples(let method): "method \(method) takes at most \(method.traits.exampleLimit) photos; use prototype"
    }
  }
}
