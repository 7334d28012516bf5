extension ByteRegion {
  /// The first byte, for modules that read whole vectors from a section; valid as long as the bytes' owner keeps its promise.
  @unsafe public var pointer: UnsafeRawPointer { unsafe base }
}

extension Model {
  /// Bytes from the start of the file to the section, 0 if the file has none.
  public func offset(of kind: SectionKind) -> Int { self[kind].offset }
}

extension Elements {
  /// The first element, for the C interface; valid as long as the memory's owner keeps its promise.
  @unsafe public var address: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(base) }
}
