import Glibc

/// Tells systemd that a service is ready and alive (sd_notify): a datagram to the socket in NOTIFY_SOCKET; nothing without one.
public final class ServiceNotifier {
  private let descriptor: Int32
  private var address = sockaddr_un()
  private var length: socklen_t = 0

  /// Nil where nobody waits for it.
  public init?() {
    guard let named = getenv("NOTIFY_SOCKET") else { return nil }
    let path = String(cString: named)
    guard path.hasPrefix("/") || path.hasPrefix("@") else { return nil }
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { place in
      place.copyBytes(from: bytes)
      // An abstract socket's name starts with zero.
      if path.hasPrefix("@") { place[0] = 0 }
    }
    length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count)
  }

  deinit { close(descriptor) }

  /// "READY=1", "WATCHDOG=1", "STOPPING=1".
  public func send(_ message: String) {
    var text = message
    _ = text.withUTF8 { bytes in
      withUnsafePointer(to: &address) {
        // sockaddr_un begins as every sockaddr does.
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          sendto(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
        }
      }
    }
  }
}
