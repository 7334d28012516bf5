extension View {
  public static let averagedCount = 8

  /// The views whose mean embedding can stand for a photo to learn from, 0 ..< `averagedCount`, the photo as it is first: mirror
  /// images and crops. Colours brought nothing.
  public init(averaged index: Int) {
    self.init()
    if index == 0 { return }
    side = index == 1 ? 1 : index < 4 ? 0.85 : 0.8
    mirrored = index & 1 == 1 ? index < 7 : index == 6
    top = index == 2 || index == 3 ? 0.5 : index == 6 || index == 7 ? 1 : 0
    left = index == 2 || index == 3 ? 0.5 : index == 5 || index == 7 ? 1 : 0
  }

  /// How many of them learning takes of a class with so many photos. Four are worth more for a single photo; where photos can be
  /// left out, the mean of four is so much surer than one view that the threshold of unknown gets too strict.
  public static func averagedCount(photos: Int) -> Int { photos == 1 ? 4 : 2 }
}
