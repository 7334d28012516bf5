/// A page without scripts and without anything from elsewhere, light and dark.
struct HTMLPage {
  let title: String
  /// HTML.
  var body = ""

  var html: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escapedHTML(title))</title>
    <style>
    :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
    body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; }
    th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
    th:first-child, td:first-child { text-align: left; }
    h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.15rem; margin-top: 2rem; }
    svg { width: 100%; max-width: 44rem; height: auto; }
    svg text { fill: currentColor; font-size: 11px; }
    figure { display: inline-block; margin: .3rem; width: 9rem; vertical-align: top; font-size: .8rem; }
    figure.pair { width: 18.5rem; margin-right: 1.2rem; }
    figure img { width: 9rem; height: 9rem; border-radius: 4px; }
    figcaption { overflow-wrap: anywhere; }
    </style></head><body>
    <h1>\(escapedHTML(title))</h1>
    \(body)
    </body></html>

    """
  }

  /// Pictures of photos side by side with text below; a photo that cannot be read is left out.
  static func figure(_ photos: [String], caption: String, alternatives: [String]) -> String {
    let images = zip(photos, alternatives).map { photo, text in
      Thumbnail.dataURI(of: photo, side: 144).map { "<img src=\"\($0)\" alt=\"\(escapedHTML(text))\">" } ?? ""
    }
    return """
      <figure\(photos.count > 1 ? " class=\"pair\"" : "")>\(images.joined(separator: " "))\
      <figcaption>\(caption)</figcaption></figure>
      """
  }

  /// [rows][columns] counts, darker where larger, each row in percent of its sum.
  static func confusion(_ names: [String], _ counts: [[Int]]) -> String {
    let titles = names.map(escapedHTML)
    let rows = zip(titles, counts).map { name, row -> String in
      let total = max(1, row.reduce(0, +))
      let cells = row.map { count -> String in
        let part = Double(count) / Double(total)
        return """
          <td style="background: hsl(210 80% 50% / \(decimal(part * 0.8, digits: 2)))">\
          \(count == 0 ? "" : "\(count)")</td>
          """
      }
      return "<tr><td>\(name)</td>\(cells.joined())</tr>"
    }
    return """
      <div class="wide"><table><thead><tr><th>true \\ answered</th>\(titles.map { "<th>\($0)</th>" }.joined())</tr></thead>\
      <tbody>\(rows.joined())</tbody></table></div>
      """
  }
}
