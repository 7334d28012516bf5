public import TinyNN

extension Model {
  /// True if both files have the same encoder with the same preprocessing, so that their embeddings are comparable; statistics
  /// and tasks may differ.
  public func hasSameEncoder(as other: Model) -> Bool {
    hasSameArchitecture(as: other) && hasSame(.weights, as: other)
  }

  /// The same but for the weights.
  package func hasSameArchitecture(as other: Model) -> Bool {
    hasSame(.interface, as: other) && hasSame(.tensors, as: other) && hasSame(.operators, as: other)
      && hasSame(.operands, as: other) && hasSame(.attributes, as: other) && hasSame(.preprocessing, as: other)
  }

  private func hasSame(_ kind: SectionKind, as other: Model) -> Bool {
    let (a, b) = (section(kind), other.section(kind))
    return has(kind) == other.has(kind) && a.count == b.count && Checksum.of(a) == Checksum.of(b)
  }
}
