#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import HostRuntime
import SwiftProtobuf

/// A parsed ONNX model whose structure is checked: names resolve, and nodes come after what they read.
public struct ONNXModel: Sendable {
  /// A graph input or output: the name and what the file says of its dimensions, outermost first.
  public struct Interface: Equatable, Sendable {
    public enum Dimension: Equatable, Sendable {
      case fixed(Int)
      /// A dimension that is only known at run time, with its name where it has one.
      case dynamic(String)
    }

    public var name: String
    /// Nil where the file states no shape.
    public var dimensions: [Dimension]?
    /// True for tensors of a floating-point type, which are fed as float32.
    public var isFloat: Bool
    /// True for tensors of type uint8, which take the bytes of photos as they are.
    public var isByte: Bool
  }

  public let producer: String
  /// The version of the standard operator set.
  public let opset: Int
  /// The inputs that are fed at run time: graph inputs without a stored value.
  public let inputs: [Interface]
  public let outputs: [Interface]

  let nodes: [Node]
  let initializers: [String: Onnx_TensorProto]
  /// The node that computes each tensor.
  let producers: [String: Int]
  /// The tensors that no graph input has a part in.
  private let constants: Set<String>
  /// The tensors that no values of a graph input have a part in: constants, shapes, and what follows from them.
  private let known: Set<String>

  /// Reads a model and the files with external weights that lie beside it.
  public init(path: String) throws(ONNXImportError) {
    let bytes = try readFile(path)
    if let other = ForeignFormat(Array(bytes.prefix(ForeignFormat.byteCount))) {
      throw ONNXImportError(.otherFormat, "is \(other.name), not an ONNX model; \(other.advice)")
    }
    let slash = path.lastIndex(of: "/")
    try self.init(bytes: bytes, directory: slash.map { String(path[...$0]) } ?? "./")
  }

  /// - Parameter directory: where files with external weights are looked for, with a slash at the end; nil refuses them.
  public init(bytes: Data, directory: String? = nil) throws(ONNXImportError) {
    try WireFormat.check(bytes)
    let model: Onnx_ModelProto
    do {
      model = try Onnx_ModelProto(serializedBytes: bytes, partial: true)
    } catch {
      throw ONNXImportError(.malformed, "the file is not an ONNX model: \(error)")
    }
    try self.init(model, directory: directory)
  }

  init(_ model: Onnx_ModelProto, directory: String? = nil) throws(ONNXImportError) {
    let graph = model.graph
    let flat = try Flattening(model)
    guard !graph.node.isEmpty || !graph.output.isEmpty else {
      throw ONNXImportError(.malformed, "the ONNX graph is empty: it has no nodes and no outputs")
    }

    var initializers: [String: Onnx_TensorProto] = [:]
    for var tensor in flat.initializers {
      if tensor.dataLocation == .external {
        tensor = try ExternalData.load(tensor, directory: directory)
      }
      guard initializers.updateValue(tensor, forKey: tensor.name) == nil else {
        throw ONNXImportError(.malformed, "the initializer '\(tensor.name)' occurs twice")
      }
    }
    guard graph.sparseInitializer.isEmpty else {
      throw ONNXImportError(.unsupported, "the model stores sparse weights; export it with dense ones")
    }

    producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    opset = Flattening.versions(model.opsetImport)[""] ?? 1
    self.initializers = initializers
    inputs = graph.input.filter { initializers[$0.name] == nil }.map(Interface.init)
    outputs = graph.output.map(Interface.init)
    nodes = flat.nodes.enumerated().map { index, entry in
      Node(proto: entry.proto, index: index, opset: entry.opsets[Flattening.standard(entry.proto.domain)] ?? 1)
    }
    producers = try ONNXModel.checkOrder(nodes, known: Set(initializers.keys).union(graph.input.map(\.name)), outputs)
    var constants = Set(initializers.keys)
    for node in nodes where node.inputs.allSatisfy({ $0.isEmpty || constants.contains($0) }) {
      constants.formUnion(node.outputs)
    }
    self.constants = constants
    var shapeDependent = constants
    for node in nodes
    where ["Shape", "Size"].contains(node.operatorName)
      || node.inputs.allSatisfy({ $0.isEmpty || shapeDependent.contains($0) })
    {
      shapeDependent.formUnion(node.outputs)
    }
    known = shapeDependent
  }

  /// True if a node reads the tensor.
  func isRead(_ tensor: String) -> Bool { nodes.contains { $0.inputs.contains(tensor) } }

  /// True if the tensor's value follows from the file and from the shapes of the inputs.
  func isKnownWhileImporting(_ tensor: String) -> Bool { known.contains(tensor) }

  func isConstant(_ tensor: String) -> Bool { constants.contains(tensor) }

  /// Checks that each tensor is computed once and before it is read, and returns who computes it.
  private static func checkOrder(_ nodes: [Node], known: Set<String>, _ outputs: [Interface]) throws(ONNXImportError) -> [String:
    Int]
  {
    var producers: [String: Int] = [:]
    for node in nodes {
      for input in node.inputs where !input.isEmpty && producers[input] == nil && !known.contains(input) {
        throw node.error("reads '\(input)', which nothing before it computes")
      }
      for output in node.outputs where !output.isEmpty {
        guard !known.contains(output), producers.updateValue(node.index, forKey: output) == nil else {
          throw node.error("computes '\(output)', which already exists")
        }
      }
    }
    for output in outputs where producers[output.name] == nil && !known.contains(output.name) {
      throw ONNXImportError(.malformed, "nothing computes the graph output '\(output.name)'")
    }
    return producers
  }

  /// The indices of the nodes that `tensors` depend on, in execution order.
  func nodesNeeded(for tensors: [String]) -> [Int] {
    var needed: Set<Int> = []
    var pending = tensors
    while let tensor = pending.popLast() {
      guard let index = producers[tensor], needed.insert(index).inserted else { continue }
      pending += nodes[index].inputs
    }
    return needed.sorted()
  }
}

extension ONNXModel.Interface {
  init(_ info: Onnx_ValueInfoProto) {
    name = info.name
    let type = Onnx_TensorProto.DataType(rawValue: Int(info.type.tensorType.elemType))
    isByte = type == .uint8
    isFloat = [.float, .float16, .bfloat16, .double, .undefined].contains(type)
    guard info.type.tensorType.hasShape else {
      dimensions = nil
      return
    }
    dimensions = info.type.tensorType.shape.dim.map { dimension in
      switch dimension.value {
      case .dimValue(let value) where value > 0: .fixed(Int(value))
      case .dimParam(let name): .dynamic(name)
      default: .dynamic("")
      }
    }
  }
}
