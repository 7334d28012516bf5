import Glibc
import Synchronization
public import TinyNN

/// Whether memory whose size a file decides can be had. Swift's arrays end the process where the system refuses memory, so such
/// a size is asked for here first, and refused as an error.
public enum AvailableMemory {
  /// What has to remain beside such memory for everything that is small.
  private static let reserve = 16 << 20

  /// True if the process can get `byteCount` bytes now and keeps some for everything that is small. Counts what the system
  /// counts: the limit of the address space (`ulimit -v`), and its rule for promising more than it has.
  public static func has(_ byteCount: Int) -> Bool {
    let (size, overflow) = byteCount.addingReportingOverflow(reserve)
    guard byteCount >= 0, !overflow else { return false }
    guard let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), address != MAP_FAILED
    else { return false }
    munmap(address, size)
    return true
  }

  /// The same for memory that a .tnn file needs: refused as an arena of 0 bytes that is too small.
  public static func require(_ byteCount: Int) throws(ModelError) {
    guard has(byteCount) else { throw ModelError(.arenaTooSmall, found: 0, needed: byteCount) }
  }

  /// Threads that ask and take at the same time would count one memory twice.
  private static let taking = Mutex(())

  /// That many bytes, which the caller writes before it reads them; nil if there is no memory for them.
  public static func bytes(_ count: Int) -> [UInt8]? {
    taking.withLock { _ in
      guard has(count) else { return nil }
      return [UInt8](unsafeUninitializedCapacity: count) { $1 = count }
    }
  }

  /// `has` for `count` elements of `stride` bytes.
  public static func has(_ count: Int, stride: Int) -> Bool {
    let (size, overflow) = count.multipliedReportingOverflow(by: stride)
    return !overflow && has(size)
  }
}
