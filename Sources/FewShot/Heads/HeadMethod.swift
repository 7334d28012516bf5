/// How a head decides. The raw value is the code in the file; codes start at 1 and have no gaps.
///
/// A new head is one case here, one arm of `accept`, and its own file.
public enum HeadMethod: UInt32, Sendable {
  /// The class whose prototype, the mean of its examples, has the largest cosine.
  case prototype = 1
  /// The same on embeddings centred by the encoder's base mean.
  case centred = 2
  /// The same on the square roots of embeddings without negative values.
  case power = 3
  /// Linear discriminant analysis, its covariance shrunk toward the encoder's base covariance.
  case lda = 4
  /// Ridge regression.
  case ridge = 5
  /// Logistic regression.
  case logistic = 6
  /// The votes of the nearest examples.
  case knn = 7

  /// Calls the visitor with the head's type; the only switch over heads, specialised for each visitor.
  @inline(__always)
  package func accept<Visitor: HeadVisitor>(_ visitor: Visitor) throws(Visitor.Failure) -> Visitor.Result {
    switch self {
    case .prototype: try visitor.visit(PrototypeHead.self)
    case .centred: try visitor.visit(CentredHead.self)
    case .power: try visitor.visit(PowerHead.self)
    case .lda: try visitor.visit(DiscriminantHead.self)
    case .ridge: try visitor.visit(RidgeHead.self)
    case .logistic: try visitor.visit(LogisticHead.self)
    case .knn: try visitor.visit(NeighbourHead.self)
    }
  }

  package var traits: HeadTraits { accept(TraitsOfHead()) }
}

/// Something done with a head whose type is only known from its method: the static form of a virtual call.
package protocol HeadVisitor {
  associatedtype Failure: Error
  associatedtype Result
  func visit<H: Head>(_ head: H.Type) throws(Failure) -> Result
}

private struct TraitsOfHead: HeadVisitor {
  typealias Failure = Never
  func visit<H: Head>(_ head: H.Type) -> HeadTraits { H.traits }
}
