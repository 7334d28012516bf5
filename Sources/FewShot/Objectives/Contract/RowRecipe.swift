/// The rows of a batch that an objective takes, and how they are drawn.
public struct RowRecipe: Equatable, Sendable {
  public enum Photos: Sendable {
    case labelled, unlabelled, all
  }

  public enum Share: Equatable, Sendable {
    /// All that other objectives leave.
    case rest
    /// One in so many, at least `viewsPerPhoto`.
    case one(in: Int)
  }

  public enum Order: Sendable {
    /// Each view of each photo comes once before any comes again.
    case shuffled
    /// A photo and its views are drawn anew for each row.
    case independent
  }

  public let photos: Photos
  public let share: Share
  public let order: Order
  /// So many different views of the same photo follow each other: 2 for objectives of pairs. Shuffled rows have one.
  public let viewsPerPhoto: Int
  /// Rows are mixtures of two photos' tensors at the cut, the first having at least half (MixUp, Zhang et al. 2018).
  public var mixes = false

  public init(_ photos: Photos, _ share: Share, _ order: Order, viewsPerPhoto: Int = 1) {
    self.photos = photos
    self.share = share
    self.order = order
    self.viewsPerPhoto = viewsPerPhoto
  }

  /// Rows of a batch of `batch`, of which `left` are not taken by others yet: a multiple of `viewsPerPhoto`.
  public func count(ofBatch batch: Int, left: Int) -> Int {
    switch share {
    case .rest: left - left % viewsPerPhoto
    case .one(let part):
      batch / part > viewsPerPhoto ? batch / part - batch / part % viewsPerPhoto : viewsPerPhoto
    }
  }
}
