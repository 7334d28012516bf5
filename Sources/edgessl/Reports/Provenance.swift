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

  /// Of an int8 model: bytes of the float32 file that it was made of, and of that file's arena on one thread.
  var floatSizes: (file: Int, arena: Int)? {
    get {
      func number(_ name: String) -> Int? { fields.first { $0.name == name }.flatMap { Int($0.value) } }
      guard let file = number("floatBytes"), let arena = number("floatArena"), file > 0, arena > 0 else { return nil }
      return (file, arena)
    }
    set {
      fields.removeAll { $0.name == "floatBytes" || $0.name == "floatArena" }
      guard let newValue else { return }
      fields += [("floatBytes", String(newValue.file)), ("floatArena", String(newValue.arena))]
    }
  }
}
