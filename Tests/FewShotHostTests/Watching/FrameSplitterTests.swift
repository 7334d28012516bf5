import TestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

/// The markers of a JPEG file around made-up data.
enum MarkerFile {
  /// With a whole file inside a segment, as previews are, stuffed bytes, restart markers and a second scan.
  static func bytes(_ tag: UInt8, size: Int = 40) -> [UInt8] {
    let preview: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 7, 0xFF, 0xD9]
    let data = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }.filter { $0 != 0xFF }
    return [0xFF, 0xD8, 0xFF, 0xE1, 0, UInt8(2 + preview.count)] + preview + [0xFF, 0xFF, 0xDB, 0, 3, tag]
      + [0xFF, 0xDA, 0, 4, 0xFF, 0xD9] + data + [0xFF, 0, 0xFF, 0xD3] + data
      + [0xFF, 0xC4, 0, 2, 0xFF, 0xDA, 0, 2] + data + [tag, 0xFF, 0xD9]
  }
}

@Suite struct FrameSplitterTests {
  private func split(_ stream: [UInt8], pieces: Int, _ splitter: inout FrameSplitter) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    for start in stride(from: 0, to: stream.count, by: pieces) {
      stream[start..<min(stream.count, start + pieces)].withUnsafeBytes { piece in splitter.feed(piece) { frames.append(copy $0) } }
    }
    return frames
  }

  @Test(arguments: [1, 2, 3, 7, 64, 100_000])
  func filesAreFoundWhateverThePieces(pieces: Int) {
    let files = (0..<5).map { MarkerFile.bytes(UInt8($0)) }
    var splitter = FrameSplitter()
    #expect(split(files.flatMap { $0 }, pieces: pieces, &splitter) == files)
    #expect(splitter.damaged == 0)
  }

  @Test(arguments: [1, 5, 1000])
  func partsOfMultipartAreFiles(pieces: Int) {
    let files = (0..<3).map { MarkerFile.bytes(UInt8($0)) }
    let stream = files.flatMap { file in
      Array("--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: \(file.count)\r\n\r\n".utf8) + file + Array("\r\n".utf8)
    }
    var splitter = FrameSplitter()
    #expect(split(stream, pieces: pieces, &splitter) == files)
  }

  @Test func whatIsCutOffIsLeftOut() {
    let (first, second) = (MarkerFile.bytes(1), MarkerFile.bytes(2))
    // Inside its last scan.
    var splitter = FrameSplitter()
    #expect(split(Array(first.dropLast(5)) + second, pieces: 9, &splitter) == [second])
    #expect(splitter.damaged == 1)
    // A length that cannot be, then noise.
    splitter = FrameSplitter()
    #expect(split([0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 9, 0xFF, 0x00, 0xD8] + second, pieces: 3, &splitter) == [second])
    splitter = FrameSplitter()
    #expect(split([0xFF, 0xD8, 1, 2, 3] + second, pieces: 2, &splitter) == [second])
  }

  @Test func anEndlessFileIsGivenUp() {
    var splitter = FrameSplitter()
    var stream: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2]
    stream += [UInt8](repeating: 5, count: FrameSplitter.byteLimit + (1 << 20))
    let last = MarkerFile.bytes(3)
    #expect(split(stream + last, pieces: 1 << 20, &splitter) == [last])
    #expect(splitter.damaged == 1)
  }

  @Test func onlyTheNewestFrameIsTaken() {
    let mailbox = FrameMailbox()
    for tag in UInt8(0)..<10 { mailbox.put(MarkerFile.bytes(tag)) }
    var frame: [UInt8] = []
    guard case .frame(_, let replaced) = mailbox.take(into: &frame, milliseconds: 0) else {
      Issue.record("there is a frame")
      return
    }
    #expect(frame == MarkerFile.bytes(9) && replaced == 9)
    if case .nothing = mailbox.take(into: &frame, milliseconds: 1) {} else { Issue.record("each frame is taken once") }
    mailbox.put(MarkerFile.bytes(3))
    mailbox.finish(.success(()))
    guard case .frame(_, let none) = mailbox.take(into: &frame, milliseconds: 0) else {
      Issue.record("the last frame is taken before the end")
      return
    }
    #expect(none == 0 && frame == MarkerFile.bytes(3))
    if case .end(.success) = mailbox.take(into: &frame, milliseconds: 0) {} else { Issue.record("then comes the end") }
  }

  @Test func aMillionFramesTakeTheMemoryOfOne() throws {
    // Frames of a few bytes, 1,000 to a piece.
    let file: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 1, 0xFF, 0xD9]
    let piece = [[UInt8]](repeating: file, count: 1000).flatMap { $0 }
    let mailbox = FrameMailbox()
    var splitter = FrameSplitter(), taken: [UInt8] = [], count = 0
    func feed() {
      piece.withUnsafeBytes { bytes in
        splitter.feed(bytes) {
          mailbox.put($0)
          count += 1
        }
      }
      _ = mailbox.take(into: &taken, milliseconds: 0)
    }
    feed()
    let before = splitter.capacity
    for _ in 1..<1000 { feed() }
    #expect(count == 1_000_000 && taken == file)
    #expect(splitter.capacity == before)
  }
}
