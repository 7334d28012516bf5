/// What a review found, in words.
extension PhotoReview {
  private var names: [String] { reviewed.classNames }

  public func sentence(_ thin: ThinClass) -> String {
    switch thin.reason {
    case .few:
      return "\(names[thin.label]): \(thin.photos) \(thin.photos == 1 ? "photo" : "photos"); add some, "
        + "\(PhotoReview.fewPhotos) or more are better"
    case .uniform:
      let hundredths = Int((100 * (thin.similarity ?? 0)).rounded())
      let similarity = "\(hundredths / 100).\(String(String(100 + hundredths % 100).dropFirst()))"
      return "\(names[thin.label]): its photos are nearly the same (similarity \(similarity)); "
        + "add some from other sides, in other light, on other ground"
    }
  }

  /// Pairs of classes, the most confused first: "nut taken for washer: 3 of 10".
  public var confusedPairs: [String] {
    var pairs: [(count: Int, line: String)] = []
    for (label, row) in (confusion ?? []).enumerated() {
      for (answer, count) in row.enumerated() where answer != label && count > 0 {
        pairs.append((count, "\(names[label]) taken for \(names[answer]): \(count) of \(row.reduce(0, +))"))
      }
    }
    return pairs.enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }.map(\.element.line)
  }

  /// "gear: 3 more photos would probably raise 82 % to 88 % (85 to 90)".
  public func sentence(_ outlook: ClassOutlook) -> String {
    let name = names[outlook.label]
    guard let forecast = outlook.forecast else {
      return "\(name): \(outlook.photos) \(outlook.photos == 1 ? "photo says" : "photos say") too little; add some"
    }
    func percent(_ value: Double) -> Int { Int((100 * value).rounded()) }
    let more = "\(forecast.more) more \(forecast.more == 1 ? "photo" : "photos")"
    let range = "\(percent(forecast.low)) to \(percent(forecast.high))"
    let gain = forecast.expected - forecast.accuracy
    if gain < 0.01 { return "\(name): enough: \(more) would hardly raise \(percent(forecast.accuracy)) % (\(range))" }
    let verb = forecast.low > forecast.accuracy ? "would probably raise" : "may raise"
    return "\(name): \(more) \(verb) \(percent(forecast.accuracy)) % to \(percent(forecast.expected)) % (\(range))"
  }
}
