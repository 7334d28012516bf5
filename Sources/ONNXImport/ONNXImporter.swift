import ModelCompiler
import TinyNN

/// What the caller decides about an import.
public struct ImportOptions: Sendable {
  /// Height and width in pixels for images whose file leaves them open; nil keeps the file's.
  public var inputSize: Int?
  /// The tensor or node that gives the embedding; nil takes what the final classifier reads.
  public var embedding: String?
  /// Keeps the outputs of the ONNX graph, in their order, instead of the embedding.
  public var allOutputs: Bool

  public init(inputSize: Int? = nil, embedding: String? = nil, allOutputs: Bool = false) {
    self.inputSize = inputSize
    self.embedding = embedding
    self.allOutputs = allOutputs
  }
}

/// An ONNX model as an optimized graph for the compiler.
public struct ImportedModel: Sendable {
  public struct Interface: Equatable, Sendable {
    public var name: String
    /// Dimensions in the order of the ONNX file.
    public var shape: [Int]
    /// True for images: the graph's tensor is [N, H, W, C] where the ONNX file has [N, C, H, W].
    public var isStoredAsNHWC: Bool
  }

  /// Output 0 is the embedding. Inputs of rank 4 are stored as NHWC, outputs have the dimensions of the ONNX file.
  public var graph: Graph
  /// What feeds the graph's inputs, in their order.
  public let inputs: [Interface]
  /// What the graph's outputs are, in their order.
  public let outputs: [Interface]
  /// Operators of the ONNX file that the outputs depend on, by name; those on constants only are not counted.
  public let sourceOperatorCounts: [String: Int]
  /// Who wrote the file, and the version of the standard operator set.
  public let producer: String
  public let opset: Int
  /// What the first input takes, where it is an image.
  public let expectedPixels: ExpectedPixels
  /// What the caller may want to know of the choice of the embedding, a line each.
  public let notes: [String]

  public var inputName: String { inputs[0].name }
  public var embeddingName: String { outputs[0].name }
}

/// Reads an ONNX file and translates what the embedding depends on; everything else in the file is left out.
///
/// Operators whose inputs are all known are evaluated here. Throws `unsupported` with every operator that has no
/// translation and all of its nodes, `invalidNode` where operands do not fit, `wrongOption` for options that do not fit
/// the model, and `missing`, `unreadable` or `malformed` for the file.
public func importONNX(contentsOf path: String, options: ImportOptions = ImportOptions()) throws(ONNXImportError) -> ImportedModel {
  try ONNXModel(path: path).imported(options)
}

extension ONNXModel {
  /// As `importONNX(contentsOf:options:)`, for a model that is already read.
  public func imported(_ options: ImportOptions = ImportOptions()) throws(ONNXImportError) -> ImportedModel {
    var options = options
    let choice = options.embedding == nil && !options.allOutputs ? try EmbeddingSearch(model: self).automatic() : nil
    options.embedding = options.embedding ?? choice?.tensor
    var found = try translated(options)
    var notes: [String] = []
    if let choice {
      let review = ChoiceReview(of: choice, found.outputs[0].shape, in: self, options)
      notes = review.notes
      if review.tensor != choice.tensor {
        options.embedding = review.tensor
        found = try translated(options)
      }
    }
    let weights = found.graph.tensors.reduce(0) { $0 + ($1.constant?.count ?? 0) }
    // Passes replace constants; the file is put together and checked in memory.
    try requireMemory(weights, stride: 4, for: "a network with \(weights) bytes of weights")
    found.graph.optimize()
    if found.graph.nodes.contains(where: { $0.kind == .quantize }) {
      do { found.graph = try found.graph.loweredFromQuantizedForm() } catch {
        throw ONNXImportError(.unsupported, "the quantized model does not fit together: \(error)")
      }
    }

    // Planned in earnest when the file is written; here only where it is in question.
    let limit = Int(Int32.max)
    if found.graph.sufficientArenaByteCount() > limit {
      let arena = found.graph.plan().arenaByteCount
      guard arena <= limit else {
        throw ONNXImportError(
          .unsupported,
          "its tensors need \(arena) bytes at the same time; at most \(limit) are supported: import a smaller input")
      }
    }

    var counts: [String: Int] = [:]
    for index in found.nodes where !nodes[index].outputs.allSatisfy(isConstant) {
      counts[nodes[index].operatorName, default: 0] += 1
    }
    let input = found.inputs[0].name, isByte = inputs.contains { $0.name == input && $0.isByte }
    return ImportedModel(
      graph: found.graph, inputs: found.inputs, outputs: found.outputs, sourceOperatorCounts: counts, producer: producer,
      opset: opset,
      expectedPixels: isByte ? .bytes : InputUse(of: input, in: self).expectedPixels, notes: notes)
  }

  /// The graph as the rules translate it, before any pass; the interface, and the indices of the nodes that it depends on.
  package func translated(
    _ options: ImportOptions
  ) throws(ONNXImportError) -> (graph: Graph, inputs: [ImportedModel.Interface], outputs: [ImportedModel.Interface], nodes: [Int]) {
    let outputs = try outputNames(options)
    let needed = nodesNeeded(for: outputs)
    try checkOperators(needed)

    var translator = Translator(model: self)
    let inputs = try translator.addInputs(try inputShapes(options.inputSize, needed, outputs))
    for index in needed { try translator.translate(nodes[index], isOutput: outputs.contains) }
    let results = try translator.finish(outputs)
    return (translator.builder.graph, inputs, results, needed)
  }

  private func outputNames(_ options: ImportOptions) throws(ONNXImportError) -> [String] {
    let search = EmbeddingSearch(model: self)
    if let name = options.embedding { return [try search.tensor(named: name)] }
    return options.allOutputs ? outputs.map(\.name) : [try search.automatic().tensor]
  }

  private func checkOperators(_ needed: [Int]) throws(ONNXImportError) {
    var missing: [UnsupportedOperator] = []
    for index in needed {
      let node = nodes[index]
      if isSupported(node) { continue }
      if let known = missing.firstIndex(where: { $0.name == node.operatorName }) {
        missing[known].nodeNames.append(node.name)
      } else {
        missing.append(UnsupportedOperator(name: node.operatorName, nodeNames: [node.name]))
      }
    }
    if !missing.isEmpty { throw .unsupportedOperators(missing, before: lastSupported(needed)) }
  }

  /// What the first unsupported node reads, if it is computed of the input by supported ones.
  private func lastSupported(_ needed: [Int]) -> String? {
    guard let first = needed.first(where: { !isSupported(nodes[$0]) }) else { return nil }
    return nodes[first].inputs.first { input in
      producers[input] != nil && !isKnownWhileImporting(input) && nodesNeeded(for: [input]).allSatisfy { isSupported(nodes[$0]) }
    }
  }

  private func isSupported(_ node: Node) -> Bool {
    if Translation.isSupported(node) { return true }
    return node.domain.isEmpty && ConstantFolding.rules[node.proto.opType] != nil && node.inputs.allSatisfy(isKnownWhileImporting)
  }
}

/// Walks the nodes in order and keeps what is known of every tensor.
private struct Translator {
  let model: ONNXModel
  let builder = GraphBuilder()
  var values: [String: Value] = [:]

  init(model: ONNXModel) { self.model = model }

  mutating func addInputs(_ shapes: [FixedInput]) throws(ONNXImportError) -> [ImportedModel.Interface] {
    var inputs: [ImportedModel.Interface] = []
    for input in shapes {
      let shape = input.shape
      let stored = input.isNCHW ? [shape[0], shape[2], shape[3], shape[1]] : shape
      let value = Value.computed(builder.addInput(input.name, Shape(stored)), shape: stored, kind: input.isByte ? .byte : .real)
      let origin = Node(proto: Onnx_NodeProto.with { $0.name = input.name }, index: 0, opset: model.opset)
      let translation = Translation(node: origin, operands: [], graph: builder)
      values[input.name] = input.isNCHW ? try translation.transposed(value, [0, 3, 1, 2]) : value
      inputs.append(ImportedModel.Interface(name: input.name, shape: shape, isStoredAsNHWC: input.isNCHW))
    }
    return inputs
  }

  mutating func translate(_ node: Node, isOutput: (String) -> Bool) throws(ONNXImportError) {
    let results = try self.results(of: node)
    for (index, name) in node.outputs.enumerated() where !name.isEmpty {
      if index < results.count {
        values[name] = results[index]
      } else if model.isRead(name) || isOutput(name) {
        throw node.unsupported("its output \(index) is used")
      }
    }
  }

  private mutating func results(of node: Node) throws(ONNXImportError) -> [Value] {
    if node.domain.isEmpty, node.proto.opType == "Constant" { return [.constant(try node.constantValue())] }
    var operands: [Value?] = []
    for input in node.inputs { operands.append(input.isEmpty ? nil : try value(input, node)) }
    if operands.allSatisfy({ $0 == nil || $0?.constant != nil }),
      let folded = try ConstantFolding.evaluate(node, operands.map { $0?.constant })
    {
      return folded.map(Value.constant)
    }
    guard node.domain.isEmpty, let rule = Translation.rules[node.proto.opType] else {
      throw node.unsupported("this operator is only supported on constants")
    }
    if !operands.isEmpty, operands.allSatisfy({ $0 == nil || $0?.constant != nil }) {
      return try RuntimeFolding(node: node, inputs: operands.map { $0?.constant }).evaluate(rule)
    }
    return try rule(Translation(node: node, operands: operands, graph: builder))
  }

  private mutating func value(_ name: String, _ node: Node) throws(ONNXImportError) -> Value {
    if let known = values[name] { return known }
    guard let proto = model.initializers[name] else { throw node.error("reads '\(name)', which is not known") }
    let constant = Value.constant(try TensorDecoding(proto, label: "initializer '\(name)'").decoded())
    values[name] = constant
    return constant
  }

  func finish(_ outputs: [String]) throws(ONNXImportError) -> [ImportedModel.Interface] {
    var tensors: [Graph.TensorID] = []
    var interfaces: [ImportedModel.Interface] = []
    for name in outputs {
      guard case .computed(let tensor, let shape, _) = values[name] else {
        throw ONNXImportError(.unsupported, "'\(name)' does not depend on the values of any input")
      }
      // Every output has a tensor of its own, under its own name.
      let isTaken = tensors.contains(tensor) || builder.graph.inputs.contains(tensor)
      tensors.append(isTaken ? try builder.copy(of: tensor, name: name) : tensor)
      interfaces.append(ImportedModel.Interface(name: name, shape: shape, isStoredAsNHWC: false))
    }
    builder.setOutputs(tensors)
    return interfaces
  }
}
