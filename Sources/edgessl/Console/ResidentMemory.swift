import Glibc

/// Resident bytes of this process, now and at its peak (VmRSS and VmHWM of /proc/self/status); 0 where that is missing.
func residentByteCounts() -> (now: Int, peak: Int) {
  guard let status = fopen("/proc/self/status", "r") else { return (0, 0) }
  defer { fclose(status) }
  var result = (now: 0, peak: 0)
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, Int32(line.count), status) != nil {
    let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split { $0 == " " || $0 == "\t" || $0 == "\n" }
    guard fields.count >= 2, let kibibytes = Int(fields[1]) else { continue }
    if fields[0] == "VmRSS:" { result.now = kibibytes * 1024 }
    if fields[0] == "VmHWM:" { result.peak = kibibytes * 1024 }
  }
  return result
}
