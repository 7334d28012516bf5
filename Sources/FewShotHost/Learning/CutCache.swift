import FewShot
import HostRuntime
public import TinyNN

/// Tensors at the cut of many photos and views, as int8 in one piece of memory.
public final class CutCache {
  public let count: Int
  private let code: LatentCode
  private let entryCount: Int
  private let memory: AlignedMemory
  private var maps: [Quantization]

  /// `entryCount` values for each of `count` tensors; `map` is the tensor's own, if it is int8.
  public init(count: Int, entryCount: Int, map: Quantization?) {
    self.count = count
    self.entryCount = entryCount
    code = LatentCode(map: map)
    memory = AlignedMemory(byteCount: count * entryCount)
    maps = [Quantization](repeating: Quantization(scale: 1, zeroPoint: 0), count: count)
  }

  public func store(_ values: Elements<Float>, at index: Int) { maps[index] = code.encode(values, to: entry(index)) }
  public func store(_ values: [Float], at index: Int) {
    // Read only, during this call.
    values.withUnsafeBufferPointer {
      store(Elements(UnsafeMutableRawPointer(mutating: $0.baseAddress!), count: $0.count), at: index)
    }
  }
  public func load(_ index: Int, to values: Elements<Float>) { LatentCode.decode(entry(index), maps[index], to: values) }

  private func entry(_ index: Int) -> Elements<Int8> {
    precondition(index >= 0 && index < count)
    return Elements(memory.buffer.baseAddress! + index * entryCount, count: entryCount)
  }
}
