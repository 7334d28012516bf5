import TinyNN

/// Memory at a multiple of 64 bytes, as model files and arenas need it.
public final class PatternedMemory {
  public let bytes: UnsafeMutableRawBufferPointer

  /// - Parameter pattern: what every byte holds at first; not zero, so that reading what nobody wrote is noticed.
  public init(byteCount: Int, pattern: UInt8 = 0xA5) {
    bytes = .allocate(byteCount: max(1, byteCount), alignment: Format.alignment)
    bytes.initializeMemory(as: UInt8.self, repeating: pattern)
  }

  public convenience init(copying source: [UInt8]) {
    self.init(byteCount: source.count)
    bytes.copyBytes(from: source)
    count = source.count
  }

  private var count: Int?

  /// The memory as a region, valid while this object lives.
  public var region: ByteRegion { ByteRegion(UnsafeRawPointer(bytes.baseAddress!), count: count ?? bytes.count) }

  deinit { bytes.deallocate() }
}
