/// What a running operator sees: its operands, its scratch memory, its share of the work.
public struct OperatorContext {
  let model: Model
  let record: OperatorRecord
  let arena: Arena
  /// Start of the scratch memory in the arena.
  var scratchOffset: Int
  public let kernels: Kernels
  /// Which part of the output to compute, of how many.
  public let part: Int
  public let parts: Int
  /// Where operands are while the tail is trained; nil in inference.
  var training: TrainingOperands?

  var inputCount: Int { record.inputCount }

  func input(_ index: Int) -> Tensor { tensor(index) }
  func output(_ index: Int) -> Tensor { tensor(record.inputCount + index) }

  private func tensor(_ position: Int) -> Tensor {
    if OperatorSelection.hasFloat, let training { return training.tensor(position) }
    // The check of the file has proved that operands which shape rules ask for are there.
    guard let index = model.operand(record, position) else { preconditionFailure("operand left out") }
    return arena.tensor(index, of: model)
  }

  /// This part's share of `count` items: contiguous, in order, sizes differing by at most one.
  func share(of count: Int) -> Range<Int> { count * part / parts..<count * (part + 1) / parts }

  /// This part's own scratch memory of `byteCount` bytes.
  func scratch(share byteCount: Int) -> ScratchMemory {
    ScratchMemory(arena: arena, offset: scratchOffset + part * byteCount)
  }
}

/// One operand: its shape and its elements, wherever they are.
public struct Tensor {
  public let type: TensorType
  /// Of an int8 tensor that is no packed constant.
  public let quantization: Quantization?
  private let words: Elements<Int8>

  init(_ record: TensorRecord, _ bytes: Elements<Int8>) {
    type = record.type
    quantization = record.quantization
    words = bytes
  }

  /// A float32 tensor in training.
  init(_ shape: Shape, _ floats: Elements<Float>) {
    type = TensorType(.float32, shape)
    quantization = nil
    words = floats.viewed(as: Int8.self)
  }

  public var shape: Shape { type.shape }
  public var elementType: ElementType { type.elementType }
  public var floats: Elements<Float> { words.viewed(as: Float.self) }
  public var int8s: Elements<Int8> { words }
  public var int32s: Elements<Int32> { words.viewed(as: Int32.self) }

  /// The elements as `T`, of which the memory holds as many as fit.
  func elements<T: BitwiseCopyable>(_ type: T.Type) -> Elements<T> { words.viewed(as: T.self) }

  /// Element `index` as a real number, of a float32 or an int8 tensor that is no packed constant.
  public func value(at index: Int) -> Float {
    elementType == .int8 ? map.dequantize(words[index]) : floats[index]
  }

  /// Sets element `index` of a float32 tensor, or of an int8 one to the nearest value that its map has
  /// (`Quantization.quantize`).
  public func setValue(_ value: Float, at index: Int) {
    if elementType == .int8 {
      let target = words
      target[index] = map.quantize(value)
    } else {
      let target = floats
      target[index] = value
    }
  }

  /// The map of an int8 operand. The check of the file has proved that it is there.
  var map: Quantization { quantization ?? Quantization(scale: 1, zeroPoint: 0) }
}

struct ScratchMemory {
  let arena: Arena
  let offset: Int

  func floats(at start: Int, count: Int) -> Elements<Float> { arena.elements(at: offset + start, count: count) }
  func int32s(at start: Int, count: Int) -> Elements<Int32> { arena.elements(at: offset + start, count: count) }
  func int8s(at start: Int, count: Int) -> Elements<Int8> { arena.elements(at: offset + start, count: count) }
}

/// The only memory that a session writes.
@safe struct Arena {
  private let base: UnsafeMutableRawPointer
  let byteCount: Int

  @unsafe init(_ base: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe self.base = base
    self.byteCount = byteCount
  }

  func elements<T: BitwiseCopyable>(at offset: Int, count: Int) -> Elements<T> {
    assert(offset >= 0 && count >= 0 && offset + count * MemoryLayout<T>.stride <= byteCount)
    // In bounds: offsets come from a checked plan whose size the arena has been compared with.
    return unsafe Elements(base + offset, count: count)
  }

  func tensor(_ index: Int, of model: Model) -> Tensor {
    let record = model.tensor(index)
    switch record.storage {
    case .arena: return Tensor(record, elements(at: model.placement(index).offset, count: record.byteCount))
    case .constant:
      let bytes = model.section(.weights).slice(record.dataOffset, record.byteCount)
      // Constants are read only: operators write their outputs, which the check of the file has proved to be in the arena.
      return unsafe Tensor(record, Elements(UnsafeMutableRawPointer(mutating: bytes.base), count: record.byteCount))
    }
  }
}

extension Elements {
  func isSameMemory(as other: Elements) -> Bool {
    // Compares addresses, touches nothing.
    unsafe base == other.base
  }

  /// The same memory as elements of another type, as many as fit. Tensors start at multiples of 64 bytes, so they are aligned.
  @inline(__always) func viewed<T: BitwiseCopyable>(as type: T.Type) -> Elements<T> {
    // The same bytes: never more of them than before.
    unsafe Elements<T>(UnsafeMutableRawPointer(base), count: count * MemoryLayout<Element>.stride / MemoryLayout<T>.stride)
  }
}
