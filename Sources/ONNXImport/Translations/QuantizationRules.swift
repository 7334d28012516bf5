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

extension ConstantFolding {
  static let quantizationRules: [String: Rule] = [
    "DequantizeLinear": { (folding) throws(ONNXImportError) in
      let (operand, scale) = (try folding.input(0), try folding.input(1))
      guard let elements = operand.integers else { throw folding.node.error("input 0 holds floats, needs integers") }
      guard try folding.node.int("block_size", default: 0) == 0 else { throw folding.node.unsupported("scales per block") }
      let zeroPoints = folding.optionalInput(2)?.integers ?? [0]
      let rank = operand.shape.count
      let axis = scale.count == 1 ? 0 : try normalizedAxis(try folding.node.int("axis", default: 1), rank: rank, folding.node)
      let count = scale.count
      guard count == 1 || count == operand.shape[axis], zeroPoints.count == 1 || zeroPoints.count == count else {
        throw folding.node.error("\(count) scales for shape \(operand.shape)")
      }
      let inner = rank == 0 ? 1 : operand.shape[(axis + 1)...].reduce(1, *)
      let scales = scale.floats
      let floats = elements.indices.map { index in
        let channel = count == 1 ? 0 : index / inner % count
        return Float(elements[index] &- zeroPoints[zeroPoints.count == 1 ? 0 : channel]) * scales[channel]
      }
      var result = HostTensor(operand.shape, floats: floats)
      let isSymmetric =
        zeroPoints.allSatisfy { $0 == 0 } && elements.allSatisfy { -127...127 ~= $0 } && scales.allSatisfy { $0 > 0 }
      if isSymmetric { result.steps = HostTensor.Steps(scales: scales, axis: axis) }
      return [result]
    },
    "QuantizeLinear": { (folding) throws(ONNXImportError) in
      let (operand, scale) = (try folding.input(0), try folding.input(1))
      let zeroPoint = folding.optionalInput(2)
      let type = zeroPoint?.storedType ?? .uint8
      guard scale.count == 1, type == .uint8 || type == .int8 else {
        throw folding.node.unsupported("this quantization of a constant")
      }
      let offset = Float(zeroPoint?.integers?.first ?? 0)
      let (low, high): (Float, Float) = type == .uint8 ? (0, 255) : (-128, 127)
      let steps = operand.floats.map { min(max(($0 / scale.floats[0]).rounded(.toNearestOrEven) + offset, low), high) }
      guard steps.allSatisfy(\.isFinite) else { throw folding.node.error("a value is not finite") }
      var result = HostTensor(operand.shape, integers: steps.map { Int64($0) })
      result.storedType = type
      return [result]
    },
  ]
}
