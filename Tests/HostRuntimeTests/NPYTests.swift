import Foundation
import HostRuntime
import TestSupport
import Testing
import TinyNN

@Suite struct NPYTests {
  private static func read(_ bytes: [UInt8]) throws -> NPYArray {
    // The bytes outlive the call.
    try bytes.withUnsafeBytes { try NPYArray(ByteRegion($0), path: "x.npy") }
  }

  /// A file with any header, the data behind it, as NumPy lays it out.
  private static func file(_ header: String, version: UInt8 = 1, data: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version, 0]
    let count = header.utf8.count
    bytes += (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    return bytes + header.utf8 + data
  }

  private static func refusal(_ bytes: [UInt8]) -> NPYError? {
    do {
      _ = try read(bytes)
      return nil
    } catch { return error as? NPYError }
  }

  @Test(arguments: [[], [0], [1], [7], [2, 3], [1, 3, 4, 5], [1, 1, 1, 1, 1, 1, 2]])
  func roundTrip(shape: [Int]) throws {
    let values = (0..<shape.reduce(1, *)).map { Float($0) * 0.25 - 1 }
    let array = NPYArray(shape: shape, values: values)
    let bytes = array.fileBytes
    #expect(try NPYTests.read(bytes) == array)
    #expect((bytes.count - 4 * values.count) % 64 == 0, "the data is aligned")
  }

  @Test func specialValuesKeepTheirBits() throws {
    let values: [Float] = [.nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    let array = try NPYTests.read(NPYArray(shape: [6], values: values).fileBytes)
    #expect(array.values.map(\.bitPattern) == values.map(\.bitPattern))
  }

  /// numpy.save(numpy.array([[1, -2.5]], dtype='<f8')), also with Python 2's long integers, any spacing and key order.
  @Test(
    arguments: [
      "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }   \n",
      "{'shape': (1L, 2L), 'fortran_order': False, 'descr': '<f8'}",
      "{\"descr\":\"<f8\",\"fortran_order\":False,\"shape\":(1,2,)}",
    ], [UInt8(1), 2, 3])
  func float64IsRounded(header: String, version: UInt8) throws {
    let data = [1.0, -2.5].flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64($0))) } }
    #expect(try NPYTests.read(NPYTests.file(header, version: version, data: data)) == NPYArray(shape: [1, 2], values: [1, -2.5]))
  }

  @Test func everyTruncationIsRefused() {
    let bytes = NPYArray(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]).fileBytes
    for count in 0..<bytes.count { #expect(NPYTests.refusal(Array(bytes[..<count])) != nil, "\(count) bytes") }
    let error = NPYTests.refusal(bytes + [0])
    #expect(
      error?.byteOffset == bytes.count && error?.description.contains("1 bytes follow") == true, "\(String(describing: error))")
  }

  @Test func everyDamagedHeaderByteIsRefusedOrReadsAsAnArray() {
    let bytes = NPYArray(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]).fileBytes
    for offset in 0..<bytes.count - 24 {
      for flip in UInt8(1)...255 {
        var damaged = bytes
        damaged[offset] ^= flip
        // Must not trap; where it is accepted, the array must be consistent.
        if let array = try? NPYTests.read(damaged) {
          #expect(array.values.count == array.shape.reduce(1, *), "byte \(offset) ^ \(flip)")
        }
      }
    }
  }

  @Test(arguments: [
    ("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", "astype('<f4')"),
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "astype('<f4')"),
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", "ascontiguousarray"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 2), }", "too large"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "malformed"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "malformed"),
    ("{'descr': '<f4', 'fortran_order': False, }", "lacks"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "malformed"),
    ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "malformed"),
    ("", "malformed"), ("{", "malformed"), ("{'descr", "malformed"), ("{'descr'", "malformed"), ("{'shape': (", "malformed"),
  ])
  func whatIsNotReadSaysWhatToDo(header: String, message: String) throws {
    let error = try #require(NPYTests.refusal(NPYTests.file(header, data: [0, 0, 0, 0])))
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.hasPrefix("x.npy, byte "), "\(error)")
  }

  @Test func otherFilesAreNotArrays() throws {
    let error = try #require(NPYTests.refusal(Array("PK\u{3}\u{4} a zip file".utf8)))
    #expect(error.description.contains("not a .npy file"), "\(error)")
    #expect(NPYTests.refusal(NPYTests.file("{}", version: 9))?.byteOffset == 6)
  }

  /// Files that fuzzing found: read or refused with one line.
  @Test func keptInputsAreSurvived() throws {
    let files = try TestFolders.fuzz("array")
    #expect(!files.isEmpty)
    for file in files {
      guard let error = NPYTests.refusal([UInt8](try Data(contentsOf: file))) else { continue }
      #expect(error.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(error)")
    }
  }
}
