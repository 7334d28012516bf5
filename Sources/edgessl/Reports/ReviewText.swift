import FewShotHost

/// A review for people and programs.
struct ReviewText {
  private let review: PhotoReview
  private var names: [String] { review.reviewed.classNames }

  /// Lines of a kind that the text shows; the JSON and the page have all.
  private static let shownLines = 20
  private static let shownPictures = 60

  init(_ review: PhotoReview) { self.review = review }

  // MARK: Text

  var text: String {
    var parts: [String] = []
    parts += section("Photos that look like another class", review.suspects.map(suspect))
    parts += section("The same photo twice", review.reviewed.copies.map(copy))
    parts += section("Photos without content", review.reviewed.empty)
    parts += section("Classes with too few or too uniform photos", review.thin.map(review.sentence))
    if review.confusion != nil { parts += section("Confused classes", review.confusedPairs) }
    parts += section("Have I done enough?", review.outlooks.map(review.sentence))
    return parts.joined(separator: "\n")
  }

  private func section(_ title: String, _ lines: [String]) -> [String] {
    guard !lines.isEmpty else { return ["\(title): none"] }
    let rest = lines.count - ReviewText.shownLines
    return ["\(title): \(lines.count)"] + lines.prefix(ReviewText.shownLines).map { "  " + $0.onOneLine }
      + (rest > 0 ? ["  and \(rest) others: see --json or --report"] : [])
  }

  private func suspect(_ suspect: SuspectPhoto) -> String {
    """
    \(suspect.photo): is in \(names[suspect.label]), looks like \(names[suspect.looksLike]) \
    (\(decimal(Double(suspect.similarity), digits: 2)) to \(suspect.nearestOther); \
    \(decimal(Double(suspect.ownSimilarity), digits: 2)) to its own class)
    """
  }

  private func copy(_ copy: LabelledCopy) -> String {
    let what = copy.isSameFile ? "the same file as" : "looks the same as"
    return copy.label == copy.originalLabel
      ? "\(copy.photo): \(what) \(copy.original), counts once"
      : "\(copy.photo): \(what) \(copy.original), which is in another class, \(names[copy.originalLabel]); remove one of them"
  }

  // MARK: JSON

  func json(model: String, seed: UInt64) -> JSON {
    let reviewed = review.reviewed
    return [
      "suspects": .array(
        review.suspects.map {
          [
            "image": .string($0.photo), "label": .string(names[$0.label]), "looksLike": .string(names[$0.looksLike]),
            "similarity": .float($0.similarity), "nearest": .string($0.nearestOther), "ownSimilarity": .float($0.ownSimilarity),
            "ownNearest": .string($0.nearestOwn), "excess": .float($0.excess),
          ]
        }),
      "copies": .array(
        reviewed.copies.map {
          [
            "image": .string($0.photo), "label": .string(names[$0.label]), "original": .string($0.original),
            "originalLabel": .string(names[$0.originalLabel]), "sameFile": .bool($0.isSameFile),
          ]
        }),
      "withoutContent": JSON(reviewed.empty), "classes": JSON(names),
      "confusion": review.confusion.map { .array($0.map { JSON($0) }) } ?? .null,
      "thin": .array(
        review.thin.map {
          [
            "label": .string(names[$0.label]), "reason": .string($0.reason.rawValue), "photos": .integer($0.photos),
            "similarity": $0.similarity.map { .float($0) } ?? .null,
          ]
        }),
      "enough": .array(review.outlooks.map(outlookJSON)), "photos": .integer(reviewed.photos.count),
      "skipped": JSON(reviewed.skipped), "chance": .bool(review.isChance), "model": .string(model),
      "seed": .integer(Int(truncatingIfNeeded: seed)),
    ]
  }

  private func outlookJSON(_ outlook: ClassOutlook) -> JSON {
    let forecast = outlook.forecast
    func number(_ value: Double?) -> JSON { value.map { .number(100 * $0) } ?? .null }
    return [
      "label": .string(names[outlook.label]), "photos": .integer(outlook.photos), "sentence": .string(review.sentence(outlook)),
      "accuracy": number(forecast?.accuracy), "more": forecast.map { .integer($0.more) } ?? .null,
      "expected": number(forecast?.expected), "low": number(forecast?.low), "high": number(forecast?.high),
      "curve": .array(outlook.curve.map { ["photos": .integer($0.photos), "accuracy": .number(100 * $0.accuracy)] }),
    ]
  }

  // MARK: Page

  func page(title: String) -> HTMLPage {
    var page = HTMLPage(title: title)
    func part(_ title: String, _ body: String) { page.body += "<h2>\(escapedHTML(title))</h2>\n\(body)\n" }
    func list(_ lines: [String]) -> String {
      lines.isEmpty ? "<p>None.</p>" : "<ul>\(lines.map { "<li>\(escapedHTML($0))</li>" }.joined())</ul>"
    }
    let suspects = review.suspects.prefix(ReviewText.shownPictures).map { suspect in
      HTMLPage.figure(
        [suspect.photo, suspect.nearestOther],
        caption: "\(escapedHTML(suspect.photo))<br>is in <b>\(escapedHTML(names[suspect.label]))</b>, looks like "
          + "<b>\(escapedHTML(names[suspect.looksLike]))</b>, as the right one, \(decimal(Double(suspect.similarity), digits: 2))",
        alternatives: [names[suspect.label], names[suspect.looksLike]])
    }
    part("Photos that look like another class", suspects.isEmpty ? "<p>None.</p>" : suspects.joined(separator: "\n"))
    let copies = review.reviewed.copies.prefix(ReviewText.shownPictures).map { copy in
      HTMLPage.figure([copy.photo, copy.original], caption: escapedHTML(self.copy(copy)), alternatives: ["photo", "the same"])
    }
    part("The same photo twice", copies.isEmpty ? "<p>None.</p>" : copies.joined(separator: "\n"))
    part("Photos without content", list(review.reviewed.empty))
    part("Classes with too few or too uniform photos", list(review.thin.map(review.sentence)))
    if let confusion = review.confusion { part("Answers of left-out photos", HTMLPage.confusion(names, confusion)) }
    part("Have I done enough?", list(review.outlooks.map(review.sentence)) + curves)
    return page
  }

  /// Accuracy by photos of each class.
  private var curves: String {
    let curves = review.outlooks.filter { $0.curve.count > 1 }
    guard let most = curves.flatMap(\.curve).map(\.photos).max() else { return "" }
    let rows = curves.map { outlook -> String in
      let points = outlook.curve.map { point in
        let x = 40 + 240 * Double(point.photos) / Double(most), y = 90 - 80 * point.accuracy
        return "\(decimal(x, digits: 1)),\(decimal(y, digits: 1))"
      }
      return """
        <figure class="pair"><svg viewBox="0 0 300 110" role="img" aria-label="accuracy by photos"><line x1="40" x2="280" y1="10" \
        y2="10" stroke="currentColor" stroke-opacity=".3"/><line x1="40" x2="280" y1="90" y2="90" stroke="currentColor" \
        stroke-opacity=".3"/><text x="2" y="14">100 %</text><text x="2" y="94">0 %</text><text x="40" y="106">0</text>\
        <text x="280" y="106" text-anchor="end">\(most) photos</text><polyline points="\(points.joined(separator: " "))" \
        fill="none" stroke="hsl(210 80% 50%)" stroke-width="2"/></svg><figcaption>\(escapedHTML(names[outlook.label]))\
        </figcaption></figure>
        """
    }
    return rows.joined(separator: "\n")
  }
}
