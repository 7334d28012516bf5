import TinyNN

/// Memory of exactly so many bytes, so that the address sanitizer sees who goes beyond them.
final class Block {
  let bytes: UnsafeMutableRawBufferPointer

  init(byteCount: Int) {
    bytes = .allocate(byteCount: byteCount, alignment: Format.alignment)
    // Nothing may rely on zeros.
    bytes.initializeMemory(as: UInt8.self, repeating: 0xA5)
  }

  convenience init(_ values: [UInt8]) {
    self.init(byteCount: values.count)
    bytes.copyBytes(from: values)
  }

  deinit { bytes.deallocate() }
}
