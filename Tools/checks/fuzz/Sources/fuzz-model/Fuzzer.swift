// Opens the input as a .tnn file with the length and the checksum repaired. What opens must run inside its arena.

import Foundation
import ModelCompiler
import TinyNN

/// A file that asks for more is accepted but not run, so that no time goes into big networks.
private let byteLimit = 1 << 22, multiplyAddLimit = 1 << 22

/// What libFuzzer calls with each mutated input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let bytes, count >= Format.headerByteCount else { return 0 }
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: Format.alignment)
  defer { memory.deallocate() }
  memory.copyBytes(from: UnsafeRawBufferPointer(start: bytes, count: count))
  memory.storeBytes(of: UInt64(count), toByteOffset: 16, as: UInt64.self)
  let region = ByteRegion(UnsafeRawBufferPointer(memory))
  memory.storeBytes(of: Checksum.ofFile(region), toByteOffset: 24, as: UInt64.self)
  do {
    let model = try Model(validating: region)
    let plan = try InferencePlan(for: model)
    let elements = (0..<model.tensorCount).reduce(0) { $0 &+ model.tensor($1).type.shape.count }
    guard plan.arenaByteCount <= byteLimit, model.multiplyAdds <= multiplyAddLimit, elements <= byteLimit else { return 0 }
    let arena = UnsafeMutableRawBufferPointer.allocate(byteCount: max(64, plan.arenaByteCount), alignment: Format.alignment)
    defer { arena.deallocate() }
    arena.initializeMemory(as: UInt8.self, repeating: 0xA5)
    var session = try Session(model, plan, arena: arena)
    for index in 0..<model.inputCount {
      let input = session.input(index)
      for i in 0..<input.shape.count { input.setValue(Float(i % 7) - 3, at: i) }
    }
    session.run()
  } catch {}
  return 0
}
