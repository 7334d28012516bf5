import ModelCompiler
import TinyNN

/// Where a model comes from: lines of "name: value" in UTF-8.
struct Provenance {
  var fields: [(name: String, value: String)]

  init(fields: [(name: String, value: String)]) { self.fields = fields }

  init(_ model: Model) {
    fields = model.section(.provenance).string.split(separator: "\n").compactMap { line in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      return (String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
    }
  }

  var section: [UInt8] { Array(fields.map { "\($0.name.onOneLine): \($0.value.onOneLine)\n" }.joined().utf8) }
}
