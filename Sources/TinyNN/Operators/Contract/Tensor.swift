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

extension Arena {
  /// A tensor of the model, in the arena where the plan places it or in the file.
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
