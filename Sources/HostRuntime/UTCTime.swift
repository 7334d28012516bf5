import Glibc

/// A time of day in UTC (ISO 8601).
public struct UTCTime: Equatable, Sendable, CustomStringConvertible {
  /// Since 1970-01-01T00:00:00Z.
  public let milliseconds: Int

  public init(milliseconds: Int) { self.milliseconds = milliseconds }

  public static var now: UTCTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UTCTime(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
  }

  /// "2026-11-27T14:05:33.120Z".
  public var description: String {
    let parts = parts
    return
      "\(parts.year)-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)).\(milli)Z"
  }

  /// For names of files: "20261127T140533.120".
  public var compact: String {
    let parts = parts
    return "\(parts.year)\(two(parts.month))\(two(parts.day))T\(two(parts.hour))\(two(parts.minute))\(two(parts.second)).\(milli)"
  }

  private var parts: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    var seconds = milliseconds / 1000, fields = tm()
    gmtime_r(&seconds, &fields)
    return (
      Int(fields.tm_year) + 1900, Int(fields.tm_mon) + 1, Int(fields.tm_mday), Int(fields.tm_hour), Int(fields.tm_min),
      Int(fields.tm_sec)
    )
  }

  private var milli: String { String(String(1000 + milliseconds % 1000).dropFirst()) }
  private func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
