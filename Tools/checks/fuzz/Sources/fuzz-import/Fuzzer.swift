// Imports the input as an ONNX file. What is imported must lower to a file that opens.

import Foundation
import ONNXImport
import TinyNN

/// What libFuzzer calls with each mutated input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let bytes, count > 0 else { return 0 }
  do {
    let model = try ONNXModel(bytes: Data(bytes: bytes, count: count))
    let file = try model.imported(ImportOptions(allOutputs: true)).graph.lowered().finish()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: file.count, alignment: Format.alignment)
    defer { memory.deallocate() }
    memory.copyBytes(from: file)
    do { _ = try Model(validating: ByteRegion(UnsafeRawBufferPointer(memory))) } catch {
      fatalError("an imported graph lowers to a file that is refused: \(error)")
    }
  } catch {
    precondition(!error.description.isEmpty && !error.description.contains("\n"))
  }
  return 0
}
