import ModelCompiler
import TinyNN

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the caller decides about an import.
public struct ImportOptions: Sendable {
  /// Height and width in pixels for inputs whose file leaves them open; nil keeps the file's.
  public var inputSize: Int?
  /// The tensor or node that gives the embedding; nil takes what the final classifier reads.
  public var embedding: String?

  public init(inputSize: Int? = nil, embedding: String? = nil) {
    self.inputSize = inputSize
    self.embedding = embedding
  }
}

/// An ONNX model as a graph for the compiler, not yet optimized.
public struct ImportedModel: Sendable {
  public struct Input: Equatable, Sendable {
    public var name: String
    /// Dimensions in the order of the ONNX file.
    public var shape: [Int]
    /// True for images: the graph's input holds [N, H, W, C] where the ONNX file has [N, C, H, W].
    public var isTransposedToNHWC: Bool
  }

  /// Inputs as in `inputs`; output 0 is the embedding, with the dimensions of the ONNX file.
  public var graph: Graph
  public var inputs: [Input]
  /// The name of the embedding in the ONNX file.
  public var embedding: String
  /// Dimensions in the order of the ONNX file.
  public var embeddingShape: [Int]
  /// Operators of the ONNX file that the embedding depends on, constants not counted.
  public var sourceOperatorCount: Int
  public var producer: String
  public var opset: Int
}

extension ONNXModel {
  /// Translates what the embedding depends on; everything else in the file is left out.
  ///
  /// Operators whose inputs are all known are evaluated here. Throws `unsupported` with every operator that has no
  /// translation and all of its nodes, `invalidNode` where operands do not fit, `wrongOption` for options that do not fit.
  public func imported(_ options: ImportOptions = ImportOptions()) throws(ONNXImportError) -> ImportedModel {
    let search = EmbeddingSearch(model: self)
    let embedding: String
    if let name = options.embedding { embedding = try search.tensor(named: name) } else { embedding = try search.automatic() }
    let needed = nodesNeeded(for: [embedding])
    try checkOperators(needed)

    var translator = Translator(model: self)
    let inputs = try translator.addInputs(try inputShapes(options.inputSize, needed, embedding))
    for index in needed { try translator.translate(nodes[index], lastUse: embedding) }
    let (graph, shape) = try translator.finish(embedding)
    return ImportedModel(
      graph: graph, inputs: inputs, embedding: embedding, embeddingShape: shape,
      sourceOperatorCount: needed.count { !nodes[$0].outputs.allSatisfy(isConstant) }, producer: producer, opset: opset)
  }

  private func checkOperators(_ needed: [Int]) throws(ONNXImportError) {
    var missing: [UnsupportedOperator] = []
    for index in needed {
      let node = nodes[index]
      if Translation.isSupported(node) { continue }
      if node.domain.isEmpty, ConstantFolding.rules[node.proto.opType] != nil { continue }
      if let known = missing.firstIndex(where: { $0.name == node.operatorName }) {
        missing[known].nodeNames.append(node.name)
      } else {
        missing.append(UnsupportedOperator(name: node.operatorName, nodeNames: [node.name]))
      }
    }
    if !missing.isEmpty { throw .unsupportedOperators(missing) }
  }

  /// The dimensions of the inputs that the embedding depends on, with the dynamic ones fixed.
  private func inputShapes(_ size: Int?, _ needed: [Int], _ embedding: String) throws(ONNXImportError) -> [(String, [Int])] {
    let read = Set(needed.flatMap { nodes[$0].inputs } + [embedding])
    var result: [(String, [Int])] = []
    for input in inputs where read.contains(input.name) {
      guard let dimensions = input.dimensions else {
        throw ONNXImportError(.unsupported, "the file states no shape for the input '\(input.name)'; export it with one")
      }
      result.append((input.name, try fixed(dimensions, size, input.name)))
    }
    guard !result.isEmpty else {
      throw ONNXImportError(.unsupported, "'\(embedding)' does not depend on any input of the model")
    }
    return result
  }

  private func fixed(_ dimensions: [Interface.Dimension], _ size: Int?, _ name: String) throws(ONNXImportError) -> [Int] {
    var shape: [Int] = []
    let isImage = dimensions.count == 4
    let spatial = isImage ? spatialAxes(dimensions) : 0..<0
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .fixed(let extent):
        if spatial.contains(axis), let size, size != extent {
          throw ONNXImportError(.wrongOption, "the input '\(name)' is fixed at \(describe(dimensions)) in the file; --input-size \(size) does not fit")
        }
        shape.append(extent)
      case .dynamic where axis == 0: shape.append(1)
      case .dynamic where spatial.contains(axis):
        guard let size else {
          throw ONNXImportError(.wrongOption, "the input '\(name)' has the open shape \(describe(dimensions)); give its height and width with --input-size N")
        }
        shape.append(size)
      case .dynamic:
        throw ONNXImportError(.unsupported, "dimension \(axis) of the input '\(name)' is open: \(describe(dimensions))")
      }
    }
    guard shape.count <= Shape.maximumRank, shape.allSatisfy({ 1...(1 << 20) ~= $0 }), shape.reduce(1.0, { $0 * Double($1) }) < 0x1p31 else {
      throw ONNXImportError(.unsupported, "the input '\(name)' has the shape \(shape)")
    }
    return shape
  }

  private func spatialAxes(_ dimensions: [Interface.Dimension]) -> Range<Int> {
    isChannelsLast(dimensions) ? 1..<3 : 2..<4
  }

  /// True for images that the file itself takes as [N, H, W, C].
  private func isChannelsLast(_ dimensions: [Interface.Dimension]) -> Bool {
    func isChannelCount(_ dimension: Interface.Dimension) -> Bool { [.fixed(1), .fixed(3), .fixed(4)].contains(dimension) }
    return dimensions.count == 4 && isChannelCount(dimensions[3]) && !isChannelCount(dimensions[1])
  }

  private func describe(_ dimensions: [Interface.Dimension]) -> String {
    let parts = dimensions.map { dimension in
      switch dimension {
      case .fixed(let extent): "\(extent)"
      case .dynamic(let name): name.isEmpty ? "?" : name
      }
    }
    return "[\(parts.joined(separator: ", "))]"
  }
}

/// Walks the nodes in order and keeps what is known of every tensor.
private struct Translator {
  let model: ONNXModel
  let builder = GraphBuilder()
  var values: [String: Value] = [:]

  init(model: ONNXModel) { self.model = model }

  mutating func addInputs(_ shapes: [(name: String, shape: [Int])]) throws(ONNXImportError) -> [ImportedModel.Input] {
    var inputs: [ImportedModel.Input] = []
    for (name, shape) in shapes {
      let isImage = shape.count == 4 && !([1, 3, 4].contains(shape[3]) && ![1, 3, 4].contains(shape[1]))
      let stored = isImage ? [shape[0], shape[2], shape[3], shape[1]] : shape
      let value = Value.computed(builder.addInput(name, Shape(stored)), shape: stored)
      let translation = Translation(node: Node(proto: Onnx_NodeProto(), index: 0, opset: model.opset), operands: [], graph: builder)
      values[name] = isImage ? try translation.transposed(value, [0, 3, 1, 2]) : value
      inputs.append(ImportedModel.Input(name: name, shape: shape, isTransposedToNHWC: isImage))
    }
    return inputs
  }

  mutating func translate(_ node: Node, lastUse embedding: String) throws(ONNXImportError) {
    let results = try self.results(of: node)
    guard results.count >= node.outputs.count(where: { !$0.isEmpty && (model.isRead($0) || $0 == embedding) }) else {
      throw node.unsupported("more than \(results.count) outputs are used")
    }
    for (name, result) in zip(node.outputs, results) where !name.isEmpty { values[name] = result }
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
    return try rule(Translation(node: node, operands: operands, graph: builder))
  }

  private mutating func value(_ name: String, _ node: Node) throws(ONNXImportError) -> Value {
    if let known = values[name] { return known }
    guard let proto = model.initializers[name] else { throw node.error("reads '\(name)', which is not known") }
    let constant = Value.constant(try TensorDecoding(proto, label: "initializer '\(name)'").decoded())
    values[name] = constant
    return constant
  }

  func finish(_ embedding: String) throws(ONNXImportError) -> (Graph, [Int]) {
    guard case .computed(let tensor, let shape) = values[embedding] else {
      throw ONNXImportError(.unsupported, "'\(embedding)' does not depend on the values of any input")
    }
    builder.setOutputs([tensor])
    return (builder.graph, shape)
  }
}
