import TinyNN

/// The mutable network that importers build, passes rewrite, and the writer lowers into a .tnn file.
///
/// Nodes stand in execution order: a node's inputs are constants, inputs of the network, or outputs of nodes before it.
/// Feature maps of convolutions and pooling are NHWC; constants are row-major, in the layouts that the operators state.
public struct Graph: Sendable {
  public typealias TensorID = Int

  public struct Tensor: Sendable {
    public var name: String
    public var type: TensorType
    /// Row-major little-endian elements, for a constant.
    public var constant: [UInt8]?
    /// Of an int8 tensor, but for weights, whose scales are per channel.
    public var quantization: Quantization?
    /// Of float32 weights that were int8 in the file they come from: one scale, or one for each output channel.
    public package(set) var weightScales: [Float]?
  }

  public struct Node: Sendable {
    public var name: String
    public var kind: OperatorKind
    /// The operator's encoded attributes.
    public var attributes: [UInt8]
    public var inputs: [TensorID]
    public var outputs: [TensorID]

    /// The operator with its attributes if it is an `O`, else nil.
    public func decoded<O: Operator>(_ type: O.Type) -> O? {
      guard kind == O.kind else { return nil }
      return attributes.withRegion { region in
        var reader = AttributeReader(region)
        return try? O(decoding: &reader)
      }
    }
  }

  public package(set) var tensors: [Tensor] = []
  public var nodes: [Node] = []
  public var inputs: [TensorID] = []
  /// Output 0 is the embedding.
  public var outputs: [TensorID] = []

  public init() {}

  public func type(_ tensor: TensorID) -> TensorType { tensors[tensor].type }
  public func shape(_ tensor: TensorID) -> Shape { tensors[tensor].type.shape }
  public func isConstant(_ tensor: TensorID) -> Bool { tensors[tensor].constant != nil }

  // MARK: Building

  public mutating func addTensor(_ name: String, _ type: TensorType, constant: [UInt8]? = nil, quantization: Quantization? = nil)
    -> TensorID
  {
    tensors.append(Tensor(name: name, type: type, constant: constant, quantization: quantization))
    return tensors.count - 1
  }

  package mutating func setQuantization(_ map: Quantization, of tensor: TensorID) { tensors[tensor].quantization = map }

  package mutating func setWeightScales(_ scales: [Float], of tensor: TensorID) { tensors[tensor].weightScales = scales }

  package mutating func rename(_ tensor: TensorID, _ name: String) { tensors[tensor].name = name }

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

  /// A node with a new output tensor, not yet placed among `nodes`.
  package mutating func makeNode<O: Operator>(
    _ operation: O, name: String, inputs: [TensorID], output: TensorID? = nil
  ) throws(CompileError) -> (Node, TensorID) {
    let type: TensorType
    do { type = try operation.outputType(0, of: NodeOperands(graph: self, inputs: inputs)) } catch {
      throw CompileError(node: name, operation: "\(O.name)", shapes: inputs.map { shape($0).description }, reason: error)
    }
    let result = output ?? addTensor(name, type)
    tensors[result].type = type
    return (Node(name: name, kind: O.kind, attributes: operation.encoded, inputs: inputs, outputs: [result]), result)
  }

  public mutating func rename(_ tensor: TensorID, to name: String) { tensors[tensor].name = name }

  // MARK: Looking

  /// The float32 elements of a constant, or nil.
  public func floats(_ tensor: TensorID) -> [Float]? {
    guard let bytes = tensors[tensor].constant, type(tensor).elementType == .float32 else { return nil }
    return bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  /// Index of the node that writes each tensor.
  package func producers() -> [TensorID: Int] {
    var result: [TensorID: Int] = [:]
    for (index, node) in nodes.enumerated() { for output in node.outputs { result[output] = index } }
    return result
  }

  /// How often each tensor is read, by nodes and as an output of the network.
  package func useCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: tensors.count)
    for node in nodes { for input in node.inputs { counts[input] += 1 } }
    for output in outputs { counts[output] += 1 }
    return counts
  }

  /// Makes every reader of `old` read `new`.
  package mutating func replaceUses(of old: TensorID, with new: TensorID) {
    for index in nodes.indices {
      for position in nodes[index].inputs.indices where nodes[index].inputs[position] == old { nodes[index].inputs[position] = new }
    }
    for index in outputs.indices where outputs[index] == old { outputs[index] = new }
  }

  /// Asks the operator of a node through a visitor.
  package func ask<V: NodeVisitor>(_ node: Node, _ visitor: V) -> V.Answer? {
    node.attributes.withRegion { region in
      var adapter = NodeAdapter(
        visitor: visitor, reader: AttributeReader(region), operands: NodeOperands(graph: self, inputs: node.inputs))
      return try? node.kind.accept(&adapter)
    }
  }
}

/// A question to the operator of a node, whatever its type.
package protocol NodeVisitor {
  associatedtype Answer
  func visit<O: Operator>(_ operation: O, _ operands: NodeOperands) throws(ModelError) -> Answer
}

private struct NodeAdapter<Visitor: NodeVisitor>: OperatorVisitor {
  let visitor: Visitor
  var reader: AttributeReader
  let operands: NodeOperands

  mutating func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Visitor.Answer {
    try visitor.visit(O(decoding: &reader), operands)
  }
}

/// The operands of a node, for shape rules.
package struct NodeOperands: OperandTypes {
  let graph: Graph
  let inputs: [Graph.TensorID]
  package var inputCount: Int { inputs.count }
  package func inputType(_ index: Int) -> TensorType? { index < inputs.count ? graph.type(inputs[index]) : nil }
}

/// Operands that do not fit an operator.
public struct CompileError: Error, CustomStringConvertible {
  public let node: String
  public let operation: String
  public let shapes: [String]
  public let reason: ModelError

  public var description: String {
    "node '\(node)' (\(operation)) on \(shapes.joined(separator: ", ")): \(reason.reason), found \(reason.found), needed \(reason.needed)"
  }
}

/// Collects an operator's attributes as bytes.
struct ByteSink: AttributeSink {
  var bytes: [UInt8] = []
  mutating func append(_ word: UInt32) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

extension Operator {
  package var encoded: [UInt8] {
    var sink = ByteSink()
    encode(into: &sink)
    return sink.bytes
  }
}

extension [UInt8] {
  /// The bytes as a region that is valid during the call.
  package func withRegion<R>(_ body: (ByteRegion) throws -> R) rethrows -> R {
    // The array outlives the call.
    try withUnsafeBytes { try body(ByteRegion($0)) }
  }
}

extension Shape: CustomStringConvertible {
  public init(_ extents: [Int]) {
    self.init()
    for extent in extents { append(extent) }
  }

  public var extents: [Int] { (0..<rank).map { self[$0] } }
  public var description: String { "[\(extents.map(String.init).joined(separator: ", "))]" }
}
