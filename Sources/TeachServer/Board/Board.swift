import FewShot

/// What is being taught: classes of photos, and photos that have no class yet. Each photo is in one place, known by the checksum
/// of its file's bytes.
struct Board: Equatable, Sendable {
  struct Class: Equatable, Sendable {
    var name: String
    /// In the order in which they came.
    var photos: [UInt64] = []
  }

  /// In the order in which they were made.
  var classes: [Class] = []
  var unsorted: [UInt64] = []

  static let classLimit = 200
  static let photoLimit = 5000

  var photoCount: Int { unsorted.count + classes.reduce(0) { $0 + $1.photos.count } }
  var allPhotos: Set<UInt64> { Set(unsorted).union(classes.flatMap(\.photos)) }

  func index(of name: String) -> Int? { classes.firstIndex { Self.isSame($0.name, name) } }

  func contains(_ photo: UInt64) -> Bool { unsorted.contains(photo) || classes.contains { $0.photos.contains(photo) } }

  /// The name of the photo's class; nil for one that has none, or is not there.
  func className(of photo: UInt64) -> String? { classes.first { $0.photos.contains(photo) }?.name }

  // MARK: Edits

  mutating func addClass(_ name: String) throws(BoardError) {
    try Self.check(name)
    guard index(of: name) == nil else { throw .classExists(name) }
    guard classes.count < Self.classLimit else { throw .tooManyClasses }
    classes.append(Class(name: name))
  }

  /// Puts photos into a class, which is made if it is not there, or without a name among those that have none; wherever they were.
  mutating func put(_ photos: [UInt64], into name: String?) throws(BoardError) {
    let new = photos.filter { !contains($0) }
    guard photoCount + new.count <= Self.photoLimit else { throw .tooManyPhotos }
    if let name, index(of: name) == nil { try addClass(name) }
    take(photos)
    if let name {
      classes[index(of: name)!].photos += photos
    } else {
      unsorted += photos
    }
  }

  mutating func remove(_ photos: [UInt64]) throws(BoardError) {
    for photo in photos where !contains(photo) { throw .noSuchPhoto }
    take(photos)
  }

  /// Removes a class with its photos.
  mutating func removeClass(_ name: String) throws(BoardError) {
    guard let index = index(of: name) else { throw .noSuchClass(name) }
    classes.remove(at: index)
  }

  mutating func rename(_ old: String, to new: String) throws(BoardError) {
    guard let place = index(of: old) else { throw .noSuchClass(old) }
    try Self.check(new)
    if let other = index(of: new), other != place { throw .classExists(new) }
    classes[place].name = new
  }

  private mutating func take(_ photos: [UInt64]) {
    let gone = Set(photos)
    unsorted.removeAll(where: gone.contains)
    for index in classes.indices { classes[index].photos.removeAll(where: gone.contains) }
  }

  private static func check(_ name: String) throws(BoardError) {
    let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) }
    guard 1...TaskLimits.nameByteCount ~= name.utf8.count, isPlain, name.contains(where: { $0 != " " }) else { throw .badName }
  }

  /// By their bytes, as in task files.
  private static func isSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
}

/// Why a change of the board was refused.
enum BoardError: Error, Equatable, Sendable, CustomStringConvertible {
  case badName
  case classExists(String)
  case noSuchClass(String)
  case noSuchPhoto
  case tooManyClasses
  case tooManyPhotos
  case nothingToUndo

  var description: String {
    switch self {
    case .badName: "a class's name has 1 to \(TaskLimits.nameByteCount) bytes and no control characters"
    case .classExists(let name): "there is a class '\(name)' already; choose another name"
    case .noSuchClass(let name): "there is no class '\(name)'; another page may have removed it"
    case .noSuchPhoto: "there is no such photo; another page may have removed it"
    case .tooManyClasses: "there are \(Board.classLimit) classes, and that is the limit; remove some first"
    case .tooManyPhotos: "there are \(Board.photoLimit) photos, and that is the limit; remove some first"
    case .nothingToUndo: "there is nothing to undo"
    }
  }
}
