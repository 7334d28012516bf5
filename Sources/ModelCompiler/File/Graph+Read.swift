import TinyNN

extension Graph {
  /// The graph that a checked file was lowered from: constants are row-major again. The names of constants are not in the file.
  public init(reading model: Model) {
    self.init()
    for index in 0..<model.tensorCount {
      let record = model.tensor(index)
      _ = addTensor(model.name(at: record.nameOffset).string, record.type, quantization: record.quantization)
    }
    inputs = (0..<model.inputCount).map(model.input)
    outputs = (0..<model.outputCount).map(model.output)
    for index in 0..<model.operatorCount {
      let record = model.operatorRecord(index)
      var node = Node(
        name: model.name(at: record.nameOffset).string, kind: record.kind, attributes: model.attributes(record).array, inputs: [],
        outputs: [])
      for position in 0..<record.inputCount + record.outputCount {
        // The operators of this version have no optional inputs: their rules have refused a file that leaves one out.
        guard let tensor = model.operand(record, position) else { continue }
        if position < record.inputCount { node.inputs.append(tensor) } else { node.outputs.append(tensor) }
      }
      for (position, tensor) in node.inputs.enumerated() where model.tensor(tensor).storage == .constant {
        let bytes = model.section(.weights).slice(model.tensor(tensor).dataOffset, model.tensor(tensor).byteCount).array
        tensors[tensor].constant = unpacked(bytes, position, type(tensor), of: node)
      }
      nodes.append(node)
    }
  }

  /// The row-major elements of a constant. Packing only moves elements, so the numbers 1, 2, ... put through it, a byte at
  /// a time for small elements, show where each element went.
  private func unpacked(_ packed: [UInt8], _ position: Int, _ type: TensorType, of node: Node) -> [UInt8] {
    let (count, size) = (type.shape.count, type.elementType.byteCount)
    var sources = [Int](repeating: 0, count: packed.count / size)
    for digit in 0..<(4 / size) {
      var numbers = [UInt8](repeating: 0, count: count * size)
      for i in 0..<count {
        if size == 4 {
          numbers.store(UInt32(i + 1), at: 4 * i)
        } else {
          numbers[i] = UInt8(truncatingIfNeeded: (i + 1) >> (8 * digit))
        }
      }
      guard let places = ask(node, Packing(operands: operands(of: node), position: position, type: type, constant: numbers)) ?? nil
      else { return packed }
      for i in sources.indices {
        if size == 4 {
          sources[i] = (0..<4).reduce(0) { $0 | Int(places[4 * i + $1]) << (8 * $1) }
        } else {
          sources[i] |= Int(places[i]) << (8 * digit)
        }
      }
    }
    var elements = [UInt8](repeating: 0, count: count * size)
    for (i, source) in sources.enumerated() where source > 0 {
      for byte in 0..<size { elements[(source - 1) * size + byte] = packed[i * size + byte] }
    }
    return elements
  }
}
