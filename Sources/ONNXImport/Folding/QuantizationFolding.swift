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
