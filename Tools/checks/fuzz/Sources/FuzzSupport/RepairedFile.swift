public import HostRuntime
import TinyNN

/// Bytes as a .tnn file whose length and checksum are right, so that what follows them is looked at; nil where a header does not
/// fit.
public func repairedFile(_ bytes: UnsafeRawBufferPointer) -> AlignedMemory? {
  guard bytes.count >= Format.headerByteCount else { return nil }
  let memory = AlignedMemory(byteCount: bytes.count)
  memory.buffer.copyBytes(from: bytes)
  repair(memory.buffer)
  return memory
}

/// Writes length and checksum anew.
public func repair(_ file: UnsafeMutableRawBufferPointer) {
  file.storeBytes(of: UInt64(file.count), toByteOffset: 16, as: UInt64.self)
  file.storeBytes(of: Checksum.ofFile(ByteRegion(UnsafeRawBufferPointer(file))), toByteOffset: 24, as: UInt64.self)
}
