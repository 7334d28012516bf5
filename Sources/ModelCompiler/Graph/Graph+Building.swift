import TinyNN

extension Graph {
  public mutating func addTensor(_ name: String, _ type: TensorType, constant: [UInt8]? = nil, quantization: Quantization? = nil)
    -> TensorID
  {
    tensors.append(Tensor(name: name, type: type, constant: constant, quantization: quantization))
    return tensors.count - 1
  }

  package mutating func setQuantization(_ map: Quantization, of tensor: TensorID) { tensors[tensor].quantization = map }

  package mutating func setWeightScales(_ scales: [Float], of tensor: TensorID) { tensors[tensor].weightScales = scales }

  /// An input of the network.
  public mutating func addInput(_ name: String, _ type: TensorType) -> TensorID {
    let tensor = addTensor(name, type)
    inputs.append(tensor)
    return tensor
  }

  /// A float32 constant. Precondition: `values.count == shape.count`.
  public mutating func addConstant(_ name: String, _ shape: Shape, _ values: [Float]) -> TensorID {
    precondition(values.count == shape.count)
    return addTensor(name, TensorType(.float32, shape), constant: values.withUnsafeBytes { Array($0) })
  }

  /// A constant of int8 elements, with a quantization unless they are weights. Precondition: `values.count == shape.count`.
  public mutating func addConstant(_ name: String, _ shape: Shape, int8 values: [Int8], quantization: Quantization? = nil)
    -> TensorID
  {
    precondition(values.count == shape.count)
    return addTensor(name, TensorType(.int8, shape), constant: values.map { UInt8(bitPattern: $0) }, quantization: quantization)
  }

  /// An int32 constant. Precondition: `values.count == shape.count`.
  public mutating func addConstant(_ name: String, _ shape: Shape, int32 values: [Int32]) -> TensorID {
    precondition(values.count == shape.count)
    return addTensor(name, TensorType(.int32, shape), constant: values.withUnsafeBytes { Array($0) })
  }

  /// As `add(_:name:inputs:)`, for an operator whose output is int8.
  public mutating func add<O: Operator>(
    _ operation: O, name: String, inputs: [TensorID], quantization: Quantization
  ) throws(CompileError) -> TensorID {
    let output = try add(operation, name: name, inputs: inputs)
    tensors[output].quantization = quantization
    return output
  }

  /// Appends an operator and returns its output. Throws the shape rule's reason, with the node's name, if the inputs do
  /// not fit.
  public mutating func add<O: Operator>(_ operation: O, name: String, inputs: [TensorID]) throws(CompileError) -> TensorID {
    let (node, output) = try makeNode(operation, name: name, inputs: inputs)
    nodes.append(node)
    return output
  }

  /// Appends the operator of another node, perhaps of another graph, on these inputs and returns its output. Throws as
  /// `add(_:name:inputs:)` does.
  package mutating func add(_ node: Node, inputs: [TensorID]) throws(CompileError) -> TensorID {
    var copy = node
    copy.inputs = inputs
    guard let type = try ask(copy, OutputType(graph: self, node: copy))?.get() else {
      throw CompileError(node: copy.name, operation: "\(copy.kind)", shapes: [], reason: ModelError(.attributesMalformed))
    }
    copy.outputs = [addTensor(copy.name, type)]
    nodes.append(copy)
    return copy.outputs[0]
  }

  /// A node with a new output tensor, not yet placed among `nodes`.
  package mutating func makeNode<O: Operator>(
    _ operation: O, name: String, inputs: [TensorID], output: TensorID? = nil
  ) throws(CompileError) -> (Node, TensorID) {
    let type = try outputType(operation, name: name, inputs: inputs)
    let result = output ?? addTensor(name, type)
    tensors[result].type = type
    return (
      Node(name: name, kind: OperatorKind(of: O.self), attributes: operation.encoded, inputs: inputs, outputs: [result]), result
    )
  }

  fileprivate func outputType<O: Operator>(
    _ operation: O, name: String, inputs: [TensorID]
  ) throws(CompileError) -> TensorType {
    do { return try operation.outputType(0, of: NodeOperands(graph: self, inputs: inputs)) } catch {
      throw CompileError(node: name, operation: "\(O.name)", shapes: inputs.map { shape($0).description }, reason: error)
    }
  }

  public mutating func rename(_ tensor: TensorID, to name: String) { tensors[tensor].name = name }
}

/// The type of a node's first output, or why the operands do not fit.
private struct OutputType: OperatorQuestion {
  let graph: Graph
  let node: Graph.Node

  func answer<O: Operator>(_ operation: O) -> Result<TensorType, CompileError> {
    Result { () throws(CompileError) in try graph.outputType(operation, name: node.name, inputs: node.inputs) }
  }
}
