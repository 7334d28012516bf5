import Glibc
import HostRuntime
import TinyNN

/// Embeddings of a dataset's photos, kept in a folder under a name made of the encoder's file, of all photos' contents and of the
/// view of them: where any of them changes, it is another file. Never needed: a cache that cannot be read or written is passed
/// over.
struct EmbeddingCache {
  private let path: String?
  private let dimension: Int

  /// - Parameters:
  ///   - folder: where it is kept; nil keeps nothing.
  ///   - identifiers: of the photos in their order.
  ///   - view: one of `View.init(averaged:)`.
  init(_ model: Model, in folder: String?, identifiers: [UInt64], view: Int, dimension: Int) {
    self.dimension = dimension
    var key = identifiers
    key.append(model.checksum)
    if view > 0 { key.append(UInt64(view)) }
    let name = key.withUnsafeBytes { PhotoIdentifier.text(Checksum.of(ByteRegion($0))) }
    path = folder.map { "\($0)/\(name).embeddings" }
  }

  /// The embeddings as the encoder gave them, [photos][dimension], if they are there.
  func read(count: Int) -> [[Float]]? {
    guard let path, isFile(path), let file = try? MappedFile(path) else { return nil }
    return withExtendedLifetime(file) {
      let bytes = file.bytes
      guard bytes.count == 4 * count * dimension else { return nil }
      return (0..<count).map { row in (0..<dimension).map { bytes.load(Float.self, at: 4 * (row * dimension + $0)) } }
    }
  }

  func write(_ embeddings: [[Float]]) {
    guard let path else { return }
    let folder = String(path[..<path.lastIndex(of: "/")!])
    for end in folder.indices.dropFirst() where folder[end] == "/" { mkdir(String(folder[..<end]), 0o755) }
    mkdir(folder, 0o755)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * embeddings.count * dimension)
    for row in embeddings { row.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    try? writeAtomically(bytes, to: path)
  }
}
