import FewShot
import FewShotHost

/// The report of `evaluate --report`: one page without scripts and without anything from elsewhere, light and dark.
struct EpisodeReport {
  let title: String
  /// Figures of each method, the first one being shown in detail.
  let methods: [(name: String, measures: EpisodeMeasures)]
  /// Mean accuracy and interval of each method by photos to learn from.
  let accuracyByShots: [(name: String, points: [(shots: Int, mean: Double, interval: Double)])]
  let dataset: EmbeddedDataset
  /// Of the rows of `dataset`.
  let photos: [String]

  private static let mapLimit = 160
  private static let mistakeLimit = 18

  var html: String {
    let first = methods[0]
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(escapedHTML(title))</title>
      <style>
      :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
      body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; }
      th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, \
      transparent); }
      th:first-child, td:first-child { text-align: left; }
      h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
      h2 { font-size: 1.15rem; margin-top: 2rem; }
      .key span { white-space: nowrap; margin-right: 1rem; }
      .key i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px; }
      svg { width: 100%; max-width: 44rem; height: auto; }
      svg text { fill: currentColor; font-size: 11px; }
      svg .axis { stroke: currentColor; stroke-opacity: .35; fill: none; }
      figure { display: inline-block; margin: .3rem; width: 8rem; vertical-align: top; font-size: .8rem; }
      figure img { width: 8rem; height: 8rem; border-radius: 4px; }
      figcaption { overflow-wrap: anywhere; }
      </style></head><body>
      <h1>\(escapedHTML(title))</h1>
      \(summary)
      <h2>Accuracy against photos of each class</h2>
      \(shotsChart)
      <h2>Confusion, \(escapedHTML(first.name)), percent of each class's photos</h2>
      <div class="wide">\(confusion(first.measures.details))</div>
      <h2>Reliability, \(escapedHTML(first.name))</h2>
      <p>How often answers of a confidence are right; the area of a dot is the number of answers. Expected calibration error
      \(decimal(first.measures.calibrationError, digits: 3)).</p>
      \(reliability(first.measures.details))
      <h2>Known and other photos by score</h2>
      \(histogram(first.measures))
      <h2>Map of the embeddings</h2>
      <p>Photos on the two main axes of their embeddings; the frame's colour is the class.</p>
      \(map)
      <h2>Worst mistakes</h2>
      \(mistakes(first.measures.details))
      </body></html>

      """
  }

  private var summary: String {
    let rows = methods.map { name, measures -> String in
      let difference = measures.accuracies.minus(methods[0].measures.accuracies)
      let score = measures.rejection?.first
      return
        """
        <tr><td>\(escapedHTML(name))</td><td>\(decimal(measures.accuracies.mean, digits: 2)) ± \
        \(decimal(measures.accuracies.interval, digits: 2))</td>
        """
          + """
          <td>\(decimal(difference.mean, digits: 2)) ± \
          \(decimal(difference.interval, digits: 2))</td><td>\(decimal(measures.calibrationError, digits: 3))</td>
          """
            + """
            <td>\(decimal(100 * measures.accepted, digits: 1)) \
            %</td><td>\(measures.refused.map { decimal(100 * $0, digits: 1) + " %" } ?? "")</td>
            """
          + "<td>\(score.map { decimal($0.auroc, digits: 3) } ?? "")</td></tr>"
    }
    return
      """
      <div class=\"wide\"><table><thead><tr><th>method</th><th>accuracy, %</th><th>to the \
      first</th><th>calibration error</th><th>known accepted</th><th>others refused</th><th>AUROC of \
      unknown</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
      """
  }

  // MARK: Charts, 600 x 320 with a frame from (50, 15) to (590, 280)

  private func chart(_ x: (String, [(Double, String)]), _ y: [(Double, String)], _ body: String) -> String {
    let vertical = y.map {
      """
      <line class=\"axis\" x1=\"50\" x2=\"590\" y1=\"\(place(280 - 265 * $0.0))\" \
      y2=\"\(place(280 - 265 * $0.0))\"/><text x=\"45\" y=\"\(place(284 - 265 * $0.0))\" \
      text-anchor=\"end\">\($0.1)</text>
      """
    }
    let horizontal = x.1.map { "<text x=\"\(place(50 + 540 * $0.0))\" y=\"296\" text-anchor=\"middle\">\($0.1)</text>" }
    return
      """
      <svg viewBox=\"0 0 620 320\" role=\"img\">\(vertical.joined())\(horizontal.joined())<text x=\"320\" \
      y=\"314\" text-anchor=\"middle\">\(x.0)</text>\(body)</svg>
      """
  }

  private func place(_ value: Double) -> String { decimal(value, digits: 1) }

  /// Hues a golden angle apart, so that neighbours differ however many there are; readable on white and on black.
  private func colour(_ index: Int) -> String { "hsl(\((210 + 1375 * index / 10) % 360) 65% \(index % 2 == 0 ? 50 : 58)%)" }

  private func key(_ entries: [(name: String, colour: String)]) -> String {
    """
    <p \
    class=\"key\">\(entries.map { "<span><i style=\"background: \($0.colour)\"></i>\(escapedHTML($0.name))</span> " }.joined())</p>
    """
  }

  private var shotsChart: String {
    let all = accuracyByShots.flatMap(\.points)
    guard let most = all.map(\.shots).max(), let low = all.map(\.mean).min(), let high = all.map(\.mean).max() else { return "" }
    let bottom = max(0, (low / 10).rounded(.down) * 10 - 10), top = min(100, (high / 10).rounded(.up) * 10 + 10)
    func x(_ shots: Int) -> Double { most == 1 ? 0.5 : Double(shots) / Double(most) }
    func y(_ mean: Double) -> Double { (mean - bottom) / (top - bottom) }
    let lines = accuracyByShots.enumerated().map { index, series -> String in
      let points = series.points.map { "\(place(50 + 540 * x($0.shots))),\(place(280 - 265 * y($0.mean)))" }
      let colour = colour(index)
      let dots = series.points.map { point in
        let px = place(50 + 540 * x(point.shots))
        return
          """
          <circle cx=\"\(px)\" cy=\"\(place(280 - 265 * y(point.mean)))\" r=\"3\" \
          fill=\"\(colour)\"><title>\(escapedHTML(series.name)), \(point.shots): \(decimal(point.mean, digits: 2)) \
          ± \(decimal(point.interval, digits: 2))</title></circle>
          """
      }
      return
        """
        <polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(colour)\" \
        stroke-width=\"2\"/>\(dots.joined())
        """
    }
    let shots = Set(all.map(\.shots)).sorted()
    return key(accuracyByShots.enumerated().map { ($1.name, colour($0)) })
      + chart(
        ("photos of each class", shots.map { (x($0), "\($0)") }),
        stride(from: bottom, through: top, by: 10).map { (y($0), "\(Int($0)) %") }, lines.joined())
  }

  private func confusion(_ details: EpisodeDetails) -> String {
    let names = dataset.classNames.map(escapedHTML)
    let rows = zip(names, details.confusion).map { name, row -> String in
      let total = max(1, row.reduce(0, +))
      return "<tr><td>\(name)</td>"
        + row.map { count -> String in
          let part = 100 * Double(count) / Double(total)
          return
            """
            <td style=\"background: hsl(210 80% 50% / \
            \(decimal(part / 125, digits: 2)))\">\(count == 0 ? "" : decimal(part, digits: 1))</td>
            """
        }.joined() + "</tr>"
    }
    return
      """
      <table><thead><tr><th>true \\ \
      predicted</th>\(names.map { "<th>\($0)</th>" }.joined())</tr></thead><tbody>\(rows.joined())</tbody></table>
      """
  }

  private func reliability(_ details: EpisodeDetails) -> String {
    let total = Double(max(1, details.bins.reduce(0) { $0 + $1.count }))
    let dots = details.bins.filter { $0.count > 0 }.map { bin -> String in
      let (confidence, right) = (bin.confidence / Double(bin.count), Double(bin.right) / Double(bin.count))
      let radius = 3 + 22 * (Double(bin.count) / total).squareRoot()
      return
        """
        <circle cx=\"\(place(50 + 540 * confidence))\" cy=\"\(place(280 - 265 * right))\" r=\"\(place(radius))\" \
        fill=\"hsl(210 80% 50% / .7)\"><title>\(bin.count) answers, confidence \
        \(decimal(100 * confidence, digits: 1)) %, right \(decimal(100 * right, digits: 1)) %</title></circle>
        """
    }
    let ticks = stride(from: 0.0, through: 1, by: 0.2).map { ($0, "\(Int(($0 * 100).rounded())) %") }
    return chart(("confidence", ticks), ticks, "<line class=\"axis\" x1=\"50\" y1=\"280\" x2=\"590\" y2=\"15\"/>\(dots.joined())")
  }

  private func histogram(_ measures: EpisodeMeasures) -> String {
    let details = measures.details
    let all = details.knownScores + details.otherScores
    guard let low = all.min(), let high = all.max(), high > low else { return "" }
    let count = 40
    func bins(_ scores: [Float]) -> [Double] {
      var bins = [Double](repeating: 0, count: count)
      for score in scores { bins[min(count - 1, Int(Float(count) * (score - low) / (high - low)))] += 1 / Double(scores.count) }
      return bins
    }
    let (known, other) = (bins(details.knownScores), details.otherScores.isEmpty ? [] : bins(details.otherScores))
    let tallest = (known + other).max() ?? 1
    func bars(_ bins: [Double], _ colour: String) -> String {
      bins.enumerated().map {
        """
        <rect x=\"\(place(50 + 540 * Double($0) / Double(count)))\" y=\"\(place(280 - 265 * $1 / tallest))\" \
        width=\"12.5\" height=\"\(place(265 * $1 / tallest))\" fill=\"\(colour)\"/>
        """
      }.joined()
    }
    let threshold = details.thresholds.sorted()[details.thresholds.count / 2]
    let line = 50 + 540 * Double((threshold - low) / (high - low))
    let (knownColour, otherColour) = ("hsl(210 80% 50% / .6)", "hsl(20 85% 50% / .6)")
    let legend = key([("known classes", knownColour)] + (other.isEmpty ? [] : [("other classes", otherColour)]))
    let refused =
      measures.refused.map { ", \(decimal(100 * $0, digits: 1)) % of others refused" } ?? "; the dataset has no other classes"
    let ticks = (0...4).map { (Double($0) / 4, decimal(Double(low + (high - low) * Float($0) / 4), digits: 2)) }
    return
      """
      <p>The line is the median threshold: what is left of it is called unknown. \
      \(decimal(100 * measures.accepted, digits: 1)) % of known photos are \
      accepted\(refused).</p>
      """
        + legend
        + chart(
          ("score", ticks), [(0, "")],
          bars(known, knownColour) + bars(other, otherColour)
            + """
            <line x1=\"\(place(line))\" x2=\"\(place(line))\" y1=\"15\" y2=\"280\" stroke=\"currentColor\" \
            stroke-dasharray=\"4 3\"/>
            """
        )
  }

  private var map: String {
    // The same share of every class.
    let step = max(1, (dataset.count + EpisodeReport.mapLimit - 1) / EpisodeReport.mapLimit)
    let rows = Array(stride(from: 0, to: dataset.count, by: step))
    let places = dataset.map(of: rows)
    guard let left = places.map(\.x).min(), let right = places.map(\.x).max(), let top = places.map(\.y).min(),
      let bottom = places.map(\.y).max(), right > left, bottom > top
    else { return "" }
    let pictures = zip(rows, places).map { row, spot -> String in
      let x = place(900 * (spot.x - left) / (right - left)), y = place(560 * (spot.y - top) / (bottom - top))
      let frame = colour(dataset.className(of: row))
      let name = escapedHTML(dataset.classNames[dataset.className(of: row)])
      let image = Thumbnail.dataURI(of: photos[row], side: 32).map { "<image href=\"\($0)\" width=\"32\" height=\"32\"/>" } ?? ""
      return
        """
        <g transform=\"translate(\(x) \(y))\"><title>\(name)</title>\(image)<rect width=\"32\" height=\"32\" \
        fill=\"none\" stroke=\"\(frame)\" stroke-width=\"3\"/></g>
        """
    }
    return key(dataset.classNames.enumerated().map { ($1, colour($0)) })
      + "<svg viewBox=\"-5 -5 945 605\" style=\"max-width: 100%\" role=\"img\">\(pictures.joined(separator: "\n"))</svg>"
  }

  private func mistakes(_ details: EpisodeDetails) -> String {
    let all = details.mistakes(atMost: EpisodeReport.mistakeLimit)
    if all.isEmpty { return "<p>None.</p>" }
    return all.map { mistake in
      let image = Thumbnail.dataURI(of: photos[mistake.row], side: 128).map { "<img src=\"\($0)\" alt=\"\">" } ?? ""
      return
        """
        <figure>\(image)<figcaption>\(escapedHTML(dataset.classNames[mistake.className])) taken for \
        \(escapedHTML(dataset.classNames[mistake.takenFor])), \
        \(decimal(100 * Double(mistake.confidence), digits: 0)) %</figcaption></figure>
        """
    }.joined(separator: "\n")
  }
}

func escapedHTML(_ text: String) -> String {
  var result = ""
  for character in text {
    switch character {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    default: result.append(character)
    }
  }
  return result
}
