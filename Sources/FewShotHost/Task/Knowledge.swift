import FewShot
import ModelCompiler
import TinyNN

/// One photo that a task learned from.
public struct LearnedExample: Equatable, Sendable {
  /// Tells photos of a class apart; of a photo's file, `PhotoIdentifier`.
  public var identifier: UInt64
  /// The length of the embedding as the encoder gave it.
  public var length: Float
  /// Of length 1.
  public var embedding: [Float]

  /// Scales `embedding`, as the encoder gave it, to length 1. Its values must be finite.
  public init(identifier: UInt64, embedding: [Float]) {
    self.identifier = identifier
    (self.embedding, length) = embedding.normalized()
  }

  init(identifier: UInt64, length: Float, normalized: [Float]) {
    self.identifier = identifier
    self.length = length
    embedding = normalized
  }

  fileprivate func hasSmallerBits(than other: LearnedExample) -> Bool {
    guard length == other.length else { return length.bitPattern < other.length.bitPattern }
    return embedding.lexicographicallyPrecedes(other.embedding) { $0.bitPattern < $1.bitPattern }
  }
}

/// Why an edit of what a task knows was refused.
public enum TaskEditError: Error, Equatable, Sendable, CustomStringConvertible {
  case noSuchClass(String)
  case classExists(String)
  case badName(String)
  case lastClasses
  case tooManyClasses
  case tooManyExamples
  case nothingToUndo
  case noSuchPhoto(UInt64)
  case lastPhoto(String)
  case otherEmbeddings

  public var description: String {
    switch self {
    case .noSuchClass(let name): "there is no class '\(name)'; list them with: edgessl classes"
    case .classExists(let name): "there is a class '\(name)' already; choose another name"
    case .badName(let name):
      "'\(name)' cannot be a class's name; names have 1 to \(TaskLimits.nameByteCount) bytes and no control characters"
    case .lastClasses: "a task needs at least two classes; add another class first"
    case .tooManyClasses: "a task has at most \(TaskLimits.classCount) classes; remove some first"
    case .tooManyExamples: "a task has at most \(TaskLimits.exampleCount) photos; use fewer"
    case .nothingToUndo: "there is nothing to undo"
    case .noSuchPhoto(let identifier):
      "no class has a photo \(PhotoIdentifier.text(identifier)); list them with: edgessl classes --list --json"
    case .lastPhoto(let name): "it is the only photo of class '\(name)'; remove the class instead"
    case .otherEmbeddings: "it was learned with another encoder, whose embeddings cannot be compared"
    }
  }
}

/// What a task knows: classes and their examples, without the head that follows from them.
///
/// Classes stand in the order of their names' bytes and examples in the order of their identifiers, so equal knowledge is equal
/// bytes, whatever the order in which it came.
public struct Knowledge: Equatable, Sendable {
  public struct Class: Equatable, Sendable {
    public fileprivate(set) var name: String
    public fileprivate(set) var examples: [LearnedExample]

    public static func == (a: Class, b: Class) -> Bool { isSameName(a.name, b.name) && a.examples == b.examples }
  }

  /// Values of an embedding.
  public let dimension: Int
  public private(set) var classes: [Class] = []

  public init(dimension: Int) { self.dimension = dimension }

  public var exampleCount: Int { classes.reduce(0) { $0 + $1.examples.count } }

  /// Adds examples to a class, which is made if it is not there. Returns how many were new: an identifier that the class has
  /// already is not added again.
  @discardableResult
  public mutating func add(_ examples: [LearnedExample], to name: String) throws(TaskEditError) -> Int {
    precondition(examples.allSatisfy { $0.embedding.count == dimension })
    try Knowledge.check(name)
    guard exampleCount + examples.count <= TaskLimits.exampleCount else { throw .tooManyExamples }
    let index: Int
    if let found = self.index(of: name) {
      index = found
    } else {
      guard classes.count < TaskLimits.classCount else { throw .tooManyClasses }
      guard !examples.isEmpty else { return 0 }
      index = classes.firstIndex { name.utf8.lexicographicallyPrecedes($0.name.utf8) } ?? classes.count
      classes.insert(Class(name: name, examples: []), at: index)
    }
    let before = classes[index].examples.count
    var known = Set(classes[index].examples.map(\.identifier))
    for example in examples where known.insert(example.identifier).inserted { classes[index].examples.append(example) }
    classes[index].examples.sort { $0.identifier < $1.identifier }
    return classes[index].examples.count - before
  }

  public mutating func remove(_ name: String) throws(TaskEditError) {
    guard let index = index(of: name) else { throw .noSuchClass(name) }
    guard classes.count > 2 else { throw .lastClasses }
    classes.remove(at: index)
  }

  /// Removes one photo from every class that has it; returns their names.
  @discardableResult
  public mutating func removePhoto(_ identifier: UInt64) throws(TaskEditError) -> [String] {
    var names: [String] = []
    for index in classes.indices {
      guard let place = classes[index].examples.firstIndex(where: { $0.identifier == identifier }) else { continue }
      guard classes[index].examples.count > 1 else { throw .lastPhoto(classes[index].name) }
      classes[index].examples.remove(at: place)
      names.append(classes[index].name)
    }
    guard !names.isEmpty else { throw .noSuchPhoto(identifier) }
    return names
  }

  /// Adds what another task learned with the same encoder: classes of the same name become one, and a photo that both have
  /// counts once; of two embeddings of it, which come of different views, the one whose bits are smaller stays. Any order of
  /// merging gives the same knowledge. Returns how many photos were new.
  @discardableResult
  public mutating func merge(_ other: Knowledge) throws(TaskEditError) -> Int {
    guard other.dimension == dimension else { throw .otherEmbeddings }
    var added = 0
    for learned in other.classes {
      guard let index = index(of: learned.name) else {
        added += try add(learned.examples, to: learned.name)
        continue
      }
      guard exampleCount + learned.examples.count <= TaskLimits.exampleCount else { throw .tooManyExamples }
      added -= classes[index].examples.count
      classes[index].examples = Knowledge.united(classes[index].examples, learned.examples)
      added += classes[index].examples.count
    }
    return added
  }

  /// Both are in the order of their identifiers, and so is the result.
  private static func united(_ a: [LearnedExample], _ b: [LearnedExample]) -> [LearnedExample] {
    var (result, i, j) = ([LearnedExample](), 0, 0)
    result.reserveCapacity(a.count + b.count)
    while i < a.count, j < b.count {
      let isBoth = a[i].identifier == b[j].identifier
      if isBoth ? !b[j].hasSmallerBits(than: a[i]) : a[i].identifier < b[j].identifier {
        result.append(a[i])
        (i, j) = (i + 1, isBoth ? j + 1 : j)
      } else {
        result.append(b[j])
        (i, j) = (isBoth ? i + 1 : i, j + 1)
      }
    }
    return result + a[i...] + b[j...]
  }

  /// The same classes with other embeddings of the same photos, which `examples` has in the order of this value.
  func replacingExamples(by examples: [LearnedExample]) throws(TaskEditError) -> Knowledge {
    var (result, next) = (Knowledge(dimension: dimension), 0)
    for known in classes {
      try result.add(Array(examples[next..<next + known.examples.count]), to: known.name)
      next += known.examples.count
    }
    return result
  }

  public mutating func rename(_ old: String, to new: String) throws(TaskEditError) {
    guard let index = index(of: old) else { throw .noSuchClass(old) }
    try Knowledge.check(new)
    if isSameName(old, new) { return }
    guard self.index(of: new) == nil else { throw .classExists(new) }
    classes[index].name = new
    classes.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  public func index(of name: String) -> Int? { classes.firstIndex { isSameName($0.name, name) } }

  private static func check(_ name: String) throws(TaskEditError) {
    guard 1...TaskLimits.nameByteCount ~= name.utf8.count, name.utf8.allSatisfy(ClassesView.isAllowed) else { throw .badName(name) }
  }

  // MARK: Sections

  init(classes names: ClassesView, examples: ExamplesView) {
    dimension = examples.dimension
    classes = (0..<names.count).map { Class(name: names[$0].string, examples: []) }
    for index in 0..<examples.count {
      let embedding = examples.support.embeddings[index]
      classes[examples.support.label(index)].examples.append(
        LearnedExample(
          identifier: examples.identifier(index), length: examples.length(index), normalized: (0..<dimension).map { embedding[$0] })
      )
    }
  }

  var classesSection: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(word: SectionLayout.version)
    bytes.append(word: UInt32(classes.count))
    bytes.append(word: UInt32(classes.reduce(0) { $0 + $1.name.utf8.count }))
    bytes.append(word: UInt32(0))
    var end = 0
    for learned in classes {
      bytes.append(word: UInt32(end))
      bytes.append(word: UInt32(learned.name.utf8.count))
      end += learned.name.utf8.count
    }
    for learned in classes { bytes.append(contentsOf: learned.name.utf8) }
    return bytes
  }

  var examplesSection: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(word: SectionLayout.version)
    bytes.append(word: UInt32(dimension))
    bytes.append(word: UInt32(exampleCount))
    bytes.append(word: UInt32(0))
    for (label, learned) in classes.enumerated() {
      for example in learned.examples {
        bytes.append(word: UInt32(label))
        bytes.append(float: example.length)
        bytes.append(word: example.identifier)
      }
    }
    bytes.align()
    for learned in classes { for example in learned.examples { bytes.append(floats: example.embedding) } }
    return bytes
  }
}

/// Names are compared by their bytes, as files are, not by how they look.
func isSameName(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

extension [UInt8] {
  mutating func align() { append(contentsOf: [UInt8](repeating: 0, count: Format.aligned(count) - count)) }

  mutating func append(floats: [Float]) { floats.withUnsafeBytes { append(contentsOf: $0) } }
}
