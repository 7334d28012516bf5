import ModelCompiler
import TinyNN

extension Translation {
  /// The QDQ form: float32 operators between QuantizeLinear and DequantizeLinear, which become int8 operators at the end of
  /// the import.
  static let quantizationRules: [String: Rule] = [
    "QuantizeLinear": { (translation) throws(ONNXImportError) in
      let map = try translation.node.quantizationMap(try translation.constant(1), try translation.optionalConstant(2))
      let input = try translation.tensor(try translation.operand(0))
      do {
        let output = try translation.graph.appendQuantize(input, map, name: translation.node.name)
        return [.computed(output, shape: try translation.operand(0).shape)]
      } catch { throw translation.node.error("cannot quantize a tensor of shape \(try translation.operand(0).shape)") }
    },
    "DequantizeLinear": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      if x.kind == .byte { return [try translation.dequantizedBytes(x)] }
      let map = try translation.node.quantizationMap(try translation.constant(1), try translation.optionalConstant(2))
      guard translation.graph.graph.tensors[try translation.tensor(x)].quantization == map else {
        throw translation.node.unsupported("its scale or zero point is another than that of QuantizeLinear")
      }
      return [try translation.emit(Dequantize(), x)]
    },
  ]

  /// (x - zero point) scale, of an input that is uint8.
  private func dequantizedBytes(_ x: Value) throws(ONNXImportError) -> Value {
    let (scale, zeroPoint) = (try constant(1), try optionalConstant(2) ?? HostTensor([], integers: [0]))
    guard scale.count == 1, zeroPoint.count == 1 else { throw node.unsupported("a scale per channel of a computed tensor") }
    let (step, zero) = (HostTensor([], floats: scale.floats), HostTensor([], floats: [-zeroPoint.floats[0]]))
    return try binary(.multiply, try binary(.add, x.taken(as: .real), .constant(zero)), .constant(step))
  }
}

extension Node {
  /// Scale and zero point of a whole tensor. uint8 is int8 with its zero point moved by 128.
  fileprivate func quantizationMap(_ scale: HostTensor, _ zeroPoint: HostTensor?) throws(ONNXImportError) -> Quantization {
    guard scale.count == 1, zeroPoint.map({ $0.count == 1 }) ?? true else {
      throw unsupported("a scale per channel of a computed tensor")
    }
    let stated = try int("output_dtype", default: 0)
    let type = zeroPoint?.storedType ?? Onnx_TensorProto.DataType(rawValue: stated == 0 ? 2 : stated)
    guard type == .uint8 || type == .int8 else { throw unsupported("a quantization to a type other than int8 and uint8") }
    let stored = zeroPoint?.integers?.first ?? 0
    let map = Quantization(scale: scale.floats[0], zeroPoint: Int32(clamping: type == .uint8 ? stored &- 128 : stored))
    guard map.isValid else { throw error("scale \(map.scale) with zero point \(stored)") }
    return map
  }
}
