import Glibc

/// Cuts a stream of bytes into the JPEG files in it, whatever stands between them: nothing, or the boundaries and headers of
/// multipart/x-mixed-replace.
///
/// A file is followed marker by marker (ITU-T T.81, B.1), so that previews inside it do not end it. What is damaged or larger than
/// `byteLimit` is left out up to the next start. The same memory serves all files.
struct FrameSplitter {
  static let byteLimit = 32 << 20

  private enum State {
    /// Looking for FF, then D8.
    case outside, start
    /// At the FF of the next marker, or behind it.
    case header, marker
    case length(isScan: Bool), lengthLow(high: UInt8, isScan: Bool)
    case segment(rest: Int, isScan: Bool)
    /// Entropy-coded data, or behind an FF in it.
    case scan, scanMarker
  }

  private var state = State.outside
  private var frame: [UInt8] = []
  /// Bytes of memory that the file which is read may take before it grows.
  var capacity: Int { frame.capacity }

  /// Starts of files that did not come to their end.
  private(set) var damaged = 0

  /// Calls `body` with every file that is complete; it may keep no reference to it.
  mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (borrowing [UInt8]) -> Void) {
    var index = 0
    while index < bytes.count {
      if frame.count > FrameSplitter.byteLimit { abandon() }
      switch state {
      case .outside:
        guard let found = position(of: 0xFF, in: bytes, from: index) else { return }
        state = .start
        index = found + 1
      case .segment(let rest, let isScan):
        let count = min(rest, bytes.count - index)
        frame.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<index + count]))
        index += count
        state = count < rest ? .segment(rest: rest - count, isScan: isScan) : isScan ? .scan : .header
      case .scan:
        let end = position(of: 0xFF, in: bytes, from: index).map { $0 + 1 } ?? bytes.count
        frame.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
        if bytes[end - 1] == 0xFF { state = .scanMarker }
        index = end
      default:
        let byte = bytes[index]
        index += 1
        if step(byte) {
          body(frame)
          frame.removeAll(keepingCapacity: true)
          state = .outside
        }
      }
    }
  }

  /// One byte of what is not copied as a whole; true where it ends a file.
  private mutating func step(_ byte: UInt8) -> Bool {
    switch state {
    case .start:
      if byte == 0xD8 { begin() } else if byte != 0xFF { state = .outside }
      return false
    case .header:
      frame.append(byte)
      if byte == 0xFF { state = .marker } else { abandon() }
      return false
    case .marker:
      frame.append(byte)
      return enter(byte)
    case .scanMarker:
      frame.append(byte)
      // A stuffed FF, or a restart marker, is data.
      if byte == 0 || 0xD0...0xD7 ~= byte {
        state = .scan
        return false
      }
      return enter(byte)
    case .length(let isScan):
      frame.append(byte)
      state = .lengthLow(high: byte, isScan: isScan)
      return false
    case .lengthLow(let high, let isScan):
      frame.append(byte)
      let length = Int(high) << 8 | Int(byte)
      if length < 2 { abandon() } else { state = .segment(rest: length - 2, isScan: isScan) }
      if length == 2 { state = isScan ? .scan : .header }
      return false
    case .outside, .segment, .scan: return false
    }
  }

  /// The second byte of a marker, which is in the frame; true for the end of the file.
  private mutating func enter(_ marker: UInt8) -> Bool {
    switch marker {
    case 0xD9: return true
    // Fill bytes.
    case 0xFF: break
    // Another file starts: this one was cut off.
    case 0xD8:
      damaged += 1
      begin()
    case 0x01, 0xD0...0xD7: state = .header
    case 0: abandon()
    default: state = .length(isScan: marker == 0xDA)
    }
    return false
  }

  private mutating func begin() {
    frame.removeAll(keepingCapacity: true)
    frame.append(0xFF)
    frame.append(0xD8)
    state = .header
  }

  private mutating func abandon() {
    damaged += 1
    frame.removeAll(keepingCapacity: true)
    state = .outside
  }

  private func position(of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    // Inside the buffer: `start` is below its count.
    guard let found = memchr(bytes.baseAddress! + start, Int32(byte), bytes.count - start) else { return nil }
    return UnsafeRawPointer(found) - bytes.baseAddress!
  }
}
