import FewShot
import TinyNN

/// Embeddings of photos without labels that a task keeps, to learn from them again when its classes change: int8, in the order of
/// their identifiers, at most `TaskLimits.unlabelledCount`.
public struct UnlabelledPhotos: Equatable, Sendable {
  /// Values of an embedding.
  public let dimension: Int
  public private(set) var identifiers: [UInt64] = []
  /// [count][dimension]
  private var rows: [Int8] = []

  public init(dimension: Int) { self.dimension = dimension }

  public var count: Int { identifiers.count }
  public var isEmpty: Bool { identifiers.isEmpty }

  /// Adds a photo's embedding, as the encoder gave it; returns false where a near copy of it or the photo itself is there already,
  /// or no room is left.
  @discardableResult
  public mutating func add(_ embedding: [Float], identifier: UInt64) -> Bool {
    precondition(embedding.count == dimension)
    let place = identifiers.firstIndex { $0 >= identifier } ?? count
    guard count < TaskLimits.unlabelledCount, place == count || identifiers[place] != identifier else { return false }
    var (values, row) = (embedding.normalized().values, [Int8](repeating: 0, count: dimension))
    guard !hasNearCopy(of: values) else { return false }
    store(&values, in: &row)
    identifiers.insert(identifier, at: place)
    rows.insert(contentsOf: row, at: place * dimension)
    return true
  }

  /// Leaves out photos with a label by now.
  public func without(_ knowledge: Knowledge) -> UnlabelledPhotos {
    let labelled = Set(knowledge.classes.flatMap { $0.examples.map(\.identifier) })
    guard identifiers.contains(where: labelled.contains) else { return self }
    var rest = UnlabelledPhotos(dimension: dimension)
    for (index, identifier) in identifiers.enumerated() where !labelled.contains(identifier) {
      rest.identifiers.append(identifier)
      rest.rows += rows[index * dimension..<(index + 1) * dimension]
    }
    return rest
  }

  private func store(_ values: inout [Float], in row: inout [Int8]) {
    values.withUnsafeMutableBufferPointer { values in
      row.withUnsafeMutableBufferPointer { row in
        // Embeddings have at least one value.
        CompactRows.store(
          Embedding(values.baseAddress!, count: values.count), into: Elements<Int8>(row.baseAddress!, count: row.count))
      }
    }
  }

  private func hasNearCopy(of values: [Float]) -> Bool {
    var scratch = [Float](repeating: 0, count: dimension)
    return withRows { kept in
      values.withUnsafeBufferPointer { values in
        scratch.withUnsafeMutableBufferPointer { scratch in
          kept.original(
            of: Embedding(values.baseAddress!, count: values.count),
            scratch: Elements<Float>(scratch.baseAddress!, count: scratch.count)) != nil
        }
      }
    }
  }

  private func withRows<R>(_ body: (CompactRows) -> R) -> R {
    rows.withUnsafeBytes { body(CompactRows(ByteRegion($0), count: count, dimension: dimension)) }
  }

  // MARK: Section

  init(_ view: UnlabelledView, dimension: Int) {
    self.dimension = dimension
    for index in 0..<view.count {
      identifiers.append(view.identifier(index))
      rows += (0..<dimension).map { view.parts.row(index)[$0] }
    }
  }

  /// Identifiers and embeddings.
  func write(to parts: PropagatedParts) {
    for index in 0..<count {
      parts.setIdentifier(index, identifiers[index])
      let row = parts.row(index)
      for column in 0..<dimension { row[column] = rows[index * dimension + column] }
    }
  }
}
