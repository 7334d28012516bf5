// Reads the input as a .npy file. What is read is written and read again, and must be the same.

import HostRuntime
import TinyNN

/// What libFuzzer calls with each mutated input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let memory = AlignedMemory(copying: Array(UnsafeBufferPointer(start: bytes, count: count)))
  do throws(NPYError) {
    let array = try NPYArray(memory.bytes, path: "input.npy")
    let again = AlignedMemory(copying: array.fileBytes)
    let found = try? NPYArray(again.bytes, path: "again.npy")
    precondition(found?.shape == array.shape)
    precondition(found?.values.map(\.bitPattern) == array.values.map(\.bitPattern))
  } catch { precondition(!error.description.isEmpty && !error.description.contains("\n")) }
  return 0
}
