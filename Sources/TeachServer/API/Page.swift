/// The page and what belongs to it, in the program itself.
enum Page {
  static let files: [String: Response] = [
    "/": Response(status: 200, type: "text/html; charset=utf-8", body: PackageResources.page_html),
    "/page.css": Response(status: 200, type: "text/css; charset=utf-8", body: PackageResources.page_css),
    "/page.js": Response(status: 200, type: "text/javascript; charset=utf-8", body: PackageResources.page_js),
  ]

  /// For the first visit without the token.
  static let tokenForm = Response(
    status: 401, type: "text/html; charset=utf-8",
    body: Array(
      """
      <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">\
      <title>edgessl</title><h1>edgessl</h1><p>This board asks for its token, which it printed when it started first.</p>\
      <form action="/" method="get"><label>Token <input name="token" autocomplete="off" required></label> \
      <button>Open</button></form>\
      </html>

      """.utf8))

  /// No script, style or picture from elsewhere; nothing in other sites' frames.
  static let headers: [(name: String, value: String)] = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
  ]

  /// By a file's first bytes.
  static func imageType(_ bytes: [UInt8]) -> String {
    if bytes.starts(with: [0xFF, 0xD8]) { return "image/jpeg" }
    return bytes.starts(with: [0x89, 0x50]) ? "image/png" : "image/x-portable-anymap"
  }
}
