#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Turns a TensorProto into a `HostTensor`: raw bytes or typed fields, widened, checked against the dimensions.
struct TensorDecoding {
  /// Larger tensors than the runtime can index are refused before anything is allocated.
  static let largestElementCount = Int(Int32.max)

  let proto: Onnx_TensorProto
  /// How the tensor is called in messages.
  let label: String

  init(_ proto: Onnx_TensorProto, label: String) {
    self.proto = proto
    self.label = label
  }

  func decoded() throws(ONNXImportError) -> HostTensor {
    let shape = try checkedShape()
    let count = shape.reduce(1, *)
    guard proto.dataLocation != .external else {
      throw ONNXImportError(.unsupported, "\(label) is stored in another file and was not loaded")
    }
    guard !proto.hasSegment else { throw ONNXImportError(.unsupported, "\(label) is stored in segments") }
    guard let type = Onnx_TensorProto.DataType(rawValue: Int(proto.dataType)) else {
      throw ONNXImportError(.unsupported, "\(label) has the unknown data type \(proto.dataType)")
    }
    // Integers are widened; the weights of convolutions are moved by lists of positions.
    try requireMemory(count, stride: shape.count > 2 ? 32 : 16, for: "\(label) of shape \(shape)")
    var tensor = HostTensor(shape, try values(type, count))
    tensor.storedType = type
    if case .floats(let elements) = tensor.values, let index = elements.firstIndex(where: \.isNaN) {
      throw ONNXImportError(.malformed, "\(label) contains NaN at element \(index)")
    }
    return tensor
  }

  private func checkedShape() throws(ONNXImportError) -> [Int] {
    var count = 1
    for extent in proto.dims {
      guard extent >= 0, let size = Int(exactly: extent) else {
        throw ONNXImportError(.malformed, "\(label) has the dimension \(extent)")
      }
      // Dimensions of 0 count as 1, so that no product of some of them can overflow later.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(1, size))
      guard !overflow, product <= TensorDecoding.largestElementCount else {
        throw ONNXImportError(.malformed, "\(label) has too many elements: dimensions \(proto.dims)")
      }
      count = product
    }
    return proto.dims.map(Int.init)
  }

  private func values(_ type: Onnx_TensorProto.DataType, _ count: Int) throws(ONNXImportError) -> HostTensor.Values {
    switch type {
    case .float: return .floats(try elements(Float.self, count, proto.floatData) { $0 })
    case .double: return .floats(try elements(Double.self, count, proto.doubleData) { Float($0) })
    case .float16:
      return .floats(try elements(UInt16.self, count, bitPatterns) { float(halfBits: $0) })
    case .bfloat16:
      return .floats(try elements(UInt16.self, count, bitPatterns) { Float(bitPattern: UInt32($0) << 16) })
    case .int64: return .integers(try elements(Int64.self, count, proto.int64Data) { $0 })
    case .int32: return .integers(try elements(Int32.self, count, proto.int32Data) { Int64($0) })
    case .int16: return .integers(try narrow(Int16.self, count))
    case .int8: return .integers(try narrow(Int8.self, count))
    case .uint16: return .integers(try narrow(UInt16.self, count))
    case .uint8: return .integers(try narrow(UInt8.self, count))
    case .bool: return .integers(try narrow(UInt8.self, count).map { $0 == 0 ? 0 : 1 })
    case .uint32:
      return .integers(try elements(UInt32.self, count, proto.uint64Data.map { UInt32(truncatingIfNeeded: $0) }) { Int64($0) })
    case .uint64: return .integers(try elements(UInt64.self, count, proto.uint64Data) { Int64(clamping: $0) })
    default:
      throw ONNXImportError(.unsupported, "\(label) has the data type \(type), which is not supported")
    }
  }

  /// ONNX stores 16-bit floats of the typed field as bit patterns in int32_data.
  private var bitPatterns: [UInt16] { proto.int32Data.map { UInt16(truncatingIfNeeded: $0) } }

  private func narrow<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ count: Int) throws(ONNXImportError) -> [Int64] {
    try elements(type, count, proto.int32Data.map { T(truncatingIfNeeded: $0) }) { Int64($0) }
  }

  private func elements<Stored: BitwiseCopyable, Element>(
    _ type: Stored.Type, _ count: Int, _ typed: @autoclosure () -> [Stored], _ convert: (Stored) -> Element
  ) throws(ONNXImportError) -> [Element] {
    guard proto.hasRawData else {
      let stored = typed()
      guard stored.count == count else {
        throw ONNXImportError(.malformed, "\(label) holds \(stored.count) elements, its dimensions \(proto.dims) need \(count)")
      }
      return stored.map(convert)
    }
    let size = MemoryLayout<Stored>.size
    guard proto.rawData.count == count * size else {
      throw ONNXImportError(
        .malformed, "\(label) holds \(proto.rawData.count) bytes, its dimensions \(proto.dims) need \(count * size)")
    }
    return proto.rawData.withUnsafeBytes { bytes in
      (0..<count).map { convert(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Stored.self)) }
    }
  }
}

/// The value of an IEEE 754 binary16 bit pattern; Float16 is not available on every host.
func float(halfBits bits: UInt16) -> Float {
  let sign: Float = bits & 0x8000 == 0 ? 1 : -1
  let exponent = Int(bits >> 10) & 0x1F
  let fraction = Float(bits & 0x3FF) / 1024
  switch exponent {
  case 0: return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1)
  case 31: return fraction == 0 ? sign * .infinity : .nan
  default: return sign * (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
  }
}
