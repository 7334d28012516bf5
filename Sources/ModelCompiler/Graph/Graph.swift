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
      guard kind.isKind(of: type) else { return nil }
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

}

extension [UInt8] {
  /// The bytes as a region that is valid during the call.
  package func withRegion<R>(_ body: (ByteRegion) throws -> R) rethrows -> R {
    // The array outlives the call.
    try withUnsafeBytes { try body(ByteRegion($0)) }
  }
}
