import HostRuntime
import TinyNN

extension AlignedMemory {
  /// All bytes, to write; valid as long as this object.
  var elements: Elements<UInt8> { Elements(buffer.baseAddress!, count: buffer.count) }
}
