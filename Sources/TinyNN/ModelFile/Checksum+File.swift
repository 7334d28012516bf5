extension Checksum {
  /// The checksum that a file's header states: of everything after the checksum field, seeded with the fields before it.
  public static func ofFile(_ bytes: ByteRegion) -> UInt64 {
    of(bytes.slice(32, bytes.count - 32), seed: bytes.load(UInt64.self, at: 8) ^ bytes.load(UInt64.self, at: 16))
  }
}

extension Checksum {
  /// Writes the checksum of a whole file into its header.
  static func seal(_ file: inout MutableRawSpan) {
    let sum = unsafe file.withUnsafeBytes { bytes in
      // The region is used inside this closure only.
      ofFile(unsafe ByteRegion(bytes))
    }
    file.store(sum, at: 24)
  }
}
