import FewShotHost

/// The report of `evaluate --report` on a task file.
struct TaskReport {
  let title: String
  let names: [String]
  let evaluation: TaskEvaluation
  let mistakes: [TaskMistake]
  /// The figures as text.
  let summary: String

  private static let shownMistakes = 60

  var page: HTMLPage {
    var page = HTMLPage(title: title)
    page.body = """
      <p>\(decimal(100 * evaluation.accuracy, digits: 1)) % of \(evaluation.knownCount) photos of known classes are right, unknown
      not considered.</p>
      <h2>Answers</h2>
      \(HTMLPage.confusion(names, evaluation.confusion))
      <h2>Figures</h2>
      <pre class="wide">\(escapedHTML(summary))</pre>
      <h2>Wrong answers, the surest first</h2>
      \(pictures)
      """
    return page
  }

  private var pictures: String {
    let ordered = mistakes.enumerated().sorted {
      ($1.element.answer.confidence, $0.offset) < ($0.element.answer.confidence, $1.offset)
    }
    if ordered.isEmpty { return "<p>None.</p>" }
    return ordered.prefix(TaskReport.shownMistakes).map {
      HTMLPage.figure(
        [$0.element.photo], caption: caption($0.element), alternatives: [$0.element.photo])
    }.joined(separator: "\n")
  }

  private func caption(_ mistake: TaskMistake) -> String {
    let label = mistake.label.map { "<b>\(escapedHTML(names[$0]))</b>" } ?? "no known class"
    let answer =
      mistake.answer.isUnknown
      ? "unknown"
      : "<b>\(escapedHTML(names[mistake.answer.label]))</b>, \(decimal(100 * Double(mistake.answer.confidence), digits: 0)) %"
    return "\(escapedHTML(mistake.photo))<br>is \(label), answered \(answer)"
  }
}
