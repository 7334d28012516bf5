import TinyNN

extension Graph {
  /// Lowers the graph: packs constants for the kernels, plans the arena, and returns the sections of a .tnn file, to
  /// which the caller may add preprocessing, statistics and the rest.
  public func lowered() -> FileWriter {
    var names: [UInt8] = []
    func name(_ text: String) -> UInt32 {
      guard !text.isEmpty else { return Format.none }
      let offset = UInt32(names.count)
      let utf8 = Array(text.utf8)
      names.append(word: UInt32(utf8.count))
      names.append(contentsOf: utf8)
      return offset
    }

    // A constant is stored once per way of packing it: operators that want different layouts get their own copy.
    var stored: [[UInt8]] = []
    var storedTypes: [(TensorType, Quantization?)] = []
    var numbers: [PackedConstant: Int] = [:]
    var operandLists: [[Int]] = []
    for node in nodes {
      var list: [Int] = []
      for (position, input) in node.inputs.enumerated() {
        guard let constant = tensors[input].constant else {
          list.append(input)
          continue
        }
        let packed =
          ask(node, Packing(operands: operands(of: node), position: position, type: type(input), constant: constant)) ?? nil
        let key = PackedConstant(tensor: input, packed: packed)
        let number = numbers[key] ?? stored.count
        if number == stored.count {
          numbers[key] = number
          stored.append(packed ?? constant)
          storedTypes.append((type(input), tensors[input].quantization))
        }
        list.append(tensors.count + number)
      }
      operandLists.append(list + node.outputs)
    }

    let plan = plan()
    let arenaTensors = tensors.indices.filter { plan.placements[$0] != nil }
    var fileIndex: [Int: Int] = [:]
    for (index, tensor) in arenaTensors.enumerated() { fileIndex[tensor] = index }
    for number in stored.indices { fileIndex[tensors.count + number] = arenaTensors.count + number }

    var tensorBytes: [UInt8] = [], planBytes: [UInt8] = [], weights: [UInt8] = []
    planBytes.append(word: UInt64(plan.arenaByteCount))
    planBytes.append(word: UInt32(arenaTensors.count + stored.count))
    planBytes.append(word: UInt32(0))
    for tensor in arenaTensors {
      let type = type(tensor)
      appendRecord(
        &tensorBytes, type, tensors[tensor].quantization, .arena, name(tensors[tensor].name), 0,
        type.shape.count * type.elementType.byteCount)
      let place = plan.placements[tensor]!
      planBytes.append(word: UInt64(place.offset))
      planBytes.append(word: UInt32(place.first))
      planBytes.append(word: UInt32(place.last))
    }
    for ((type, quantization), bytes) in zip(storedTypes, stored) {
      weights.append(contentsOf: [UInt8](repeating: 0, count: Format.aligned(weights.count) - weights.count))
      appendRecord(&tensorBytes, type, quantization, .constant, Format.none, weights.count, bytes.count)
      weights.append(contentsOf: bytes)
      planBytes.append(word: UInt64(0))
      planBytes.append(word: UInt32(0))
      planBytes.append(word: UInt32(0))
    }

    var operatorBytes: [UInt8] = [], operands: [UInt8] = [], attributes: [UInt8] = []
    for (node, list) in zip(nodes, operandLists) {
      operatorBytes.append(word: node.kind.rawValue)
      operatorBytes.append(word: UInt16(0))
      operatorBytes.append(word: UInt16(node.inputs.count))
      operatorBytes.append(word: UInt16(node.outputs.count))
      operatorBytes.append(word: UInt32(operands.count / 4))
      operatorBytes.append(word: UInt32(attributes.count))
      operatorBytes.append(word: UInt32(node.attributes.count))
      operatorBytes.append(word: name(node.name))
      operatorBytes.append(word: UInt64(0))
      for operand in list { operands.append(word: UInt32(fileIndex[operand]!)) }
      attributes.append(contentsOf: node.attributes)
    }
    var interface: [UInt8] = []
    interface.append(word: UInt32(inputs.count))
    interface.append(word: UInt32(outputs.count))
    interface.append(word: UInt64(0))
    for tensor in inputs + outputs { interface.append(word: UInt32(fileIndex[tensor]!)) }

    var writer = FileWriter()
    writer.add(.interface, interface)
    writer.add(.tensors, tensorBytes)
    writer.add(.operators, operatorBytes)
    writer.add(.operands, operands)
    writer.add(.attributes, attributes)
    writer.add(.plan, planBytes)
    writer.add(.names, names)
    writer.add(.weights, weights)
    return writer
  }

  private func appendRecord(
    _ bytes: inout [UInt8], _ type: TensorType, _ quantization: Quantization?, _ storage: TensorRecord.Storage, _ name: UInt32,
    _ offset: Int, _ byteCount: Int
  ) {
    bytes.append(type.elementType.rawValue)
    bytes.append(storage.rawValue)
    bytes.append(UInt8(type.shape.rank))
    bytes.append(0)
    bytes.append(word: name)
    for axis in 0..<Shape.maximumRank { bytes.append(word: UInt32(axis < type.shape.rank ? type.shape[axis] : 0)) }
    bytes.append(word: UInt64(offset))
    bytes.append(word: UInt64(byteCount))
    bytes.append(float: quantization?.scale ?? 0)
    bytes.append(word: quantization?.zeroPoint ?? 0)
    bytes.append(word: UInt64(0))
  }
}

private struct PackedConstant: Hashable {
  let tensor: Int
  let packed: [UInt8]?
}

/// The bytes of a constant input as the operator's kernel wants them, or nil if row-major.
struct Packing: OperatorQuestion {
  let operands: NodeOperands
  let position: Int
  let type: TensorType
  let constant: [UInt8]

  func answer<O: Operator>(_ operation: O) -> [UInt8]? {
    guard let byteCount = operation.packedByteCount(ofInput: position, of: operands) else { return nil }
    var packed = [UInt8](repeating: 0, count: byteCount)
    constant.withRegion { region in
      var span = packed.mutableSpan
      var bytes = span.mutableBytes
      operation.pack(input: position, type.shape, region, into: &bytes)
    }
    return packed
  }
}
