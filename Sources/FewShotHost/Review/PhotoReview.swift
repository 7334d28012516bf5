public import FewShot
import HostRuntime
import TinyNN

/// A photo that looks like another class than its own.
public struct SuspectPhoto: Equatable, Sendable {
  public let photo: String
  public let label: Int
  public let looksLike: Int
  /// How much likelier the other class is, as a difference of probabilities.
  public let excess: Float
  /// Cosine to the nearest photo of the class that it looks like.
  public let similarity: Float
  public let nearestOther: String
  /// The nearest photo of its own class.
  public let nearestOwn: String
  public let ownSimilarity: Float
}

/// A class whose photos say too little.
public struct ThinClass: Equatable, Sendable {
  public enum Reason: String, Sendable {
    /// Fewer than `PhotoReview.fewPhotos`.
    case few
    /// Nearly all look like another one of them.
    case uniform
  }
  public let label: Int
  public let reason: Reason
  public let photos: Int
  /// Median of the photos' cosines to the nearest other one; nil where there is only one.
  public let similarity: Float?
}

/// What is wrong with labelled photos, by what a head says of each that learned from all others.
public struct PhotoReview: Sendable {
  /// Fewer photos of a class than this are few.
  public static let fewPhotos = 5
  /// Photos of a class with a larger median cosine to their neighbours are of one scene.
  public static let uniformCosine = PhotoSelection.copyCosine

  public let reviewed: ReviewedPhotos
  /// The surest first.
  public let suspects: [SuspectPhoto]
  /// [true class][answered class], of classes with at least two photos; nil where fewer than two classes have them.
  public let confusion: [[Int]]?
  /// True where the answers are no better than by chance, so that they tell nothing of labels.
  public let isChance: Bool
  public let thin: [ThinClass]
  /// For each class, whether more photos would help.
  public let outlooks: [ClassOutlook]

  /// The same photos and seed give the same review.
  public init(_ reviewed: ReviewedPhotos, statistics: StatisticsView?, seed: UInt64 = 0) {
    self.reviewed = reviewed
    let answers = LeftOutAnswers(reviewed, statistics: statistics)
    confusion = answers?.confusion(reviewed)
    isChance = answers?.isChance ?? false
    suspects = isChance ? [] : answers.map { PhotoReview.suspects($0, reviewed) } ?? []
    thin = PhotoReview.thin(reviewed)
    outlooks = LearningCurves(reviewed, statistics: statistics, seed: seed).outlooks
  }

  /// Confident learning (Northcutt, Jiang, Chuang, "Confident learning: estimating uncertainty in dataset labels", 2021): a photo
  /// is suspect where another class is the likeliest, and at least as likely as it is, on the mean, for that class's own photos.
  private static func suspects(_ answers: LeftOutAnswers, _ reviewed: ReviewedPhotos) -> [SuspectPhoto] {
    let columns = answers.classes.indices
    let thresholds = columns.map { column -> Float in
      let own = zip(answers.places, answers.probabilities).filter { reviewed.photos[$0.0].label == answers.classes[column] }
      return own.reduce(0) { $0 + $1.1[column] } / Float(max(1, own.count))
    }
    var found: [SuspectPhoto] = []
    for (place, row) in zip(answers.places, answers.probabilities) {
      let label = reviewed.photos[place].label, own = answers.classes.firstIndex(of: label)!, best = row.largest
      guard best != own, row[best] >= thresholds[best] else { continue }
      let other = reviewed.nearest(to: place, ofClass: answers.classes[best])
      let same = reviewed.nearest(to: place, ofClass: label)
      found.append(
        SuspectPhoto(
          photo: reviewed.photos[place].name, label: label, looksLike: answers.classes[best], excess: row[best] - row[own],
          similarity: other.cosine, nearestOther: reviewed.photos[other.place].name,
          nearestOwn: reviewed.photos[same.place].name, ownSimilarity: same.cosine))
    }
    return found.sorted { $0.excess > $1.excess || ($0.excess == $1.excess && $0.photo < $1.photo) }
  }

  private static func thin(_ reviewed: ReviewedPhotos) -> [ThinClass] {
    reviewed.places.enumerated().compactMap { label, places in
      let cosines = places.count > 1 ? places.map { reviewed.nearest(to: $0, ofClass: label).cosine }.sorted() : []
      let median = cosines.isEmpty ? nil : cosines[cosines.count / 2]
      if places.count < fewPhotos { return ThinClass(label: label, reason: .few, photos: places.count, similarity: median) }
      guard let median, median >= uniformCosine else { return nil }
      return ThinClass(label: label, reason: .uniform, photos: places.count, similarity: median)
    }
  }
}

extension ReviewedPhotos {
  /// The photo of a class, other than the one at `place`, with the largest cosine. Precondition: there is one.
  func nearest(to place: Int, ofClass label: Int) -> (place: Int, cosine: Float) {
    var best = (place: place, cosine: -Float.infinity)
    for other in photos.indices where other != place && photos[other].label == label {
      let cosine = zip(embeddings[place].embedding, embeddings[other].embedding).reduce(0) { $0 + $1.0 * $1.1 }
      if cosine > best.cosine { best = (other, cosine) }
    }
    return best
  }
}
