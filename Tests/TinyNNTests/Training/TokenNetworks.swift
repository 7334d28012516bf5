import ModelCompiler
import TinyNN

/// Networks over rows of tokens, [1, tokens, channels], as transformers have them.
enum TokenNetworks {
  static func network(_ which: GradientCase, _ b: inout NetworkBuilder) throws -> Graph {
    let x = try b.dense(b.input(1, 5, 6), 8)
    var y = x
    switch which {
    case .layerNormalization, .rootMeanSquare:
      y = try b.layerNormalization(x, centres: which == .layerNormalization)
    case .attention: y = try b.attention(b.layerNormalization(x), heads: 2)
    case .matMulBroadcast:
      // A constant from the left, and one matrix for both halves from the right.
      y = try b.graph.add(MatMul(), name: "mix", inputs: [b.constant(Shape(1, 3, 5), 0.6), x])
      let heads = try b.reshape(y, Shape(1, 3, 2, 4))
      let one = try b.reshape(b.dense(b.slice(x, axis: 1, 1), 20), Shape(1, 1, 4, 5))
      y = try b.reshape(b.graph.add(MatMul(), name: "project", inputs: [heads, one]), Shape(1, 3, 10))
    case .softmaxOfColumns:
      // What is added to all of a column does not change its softmax: the activation makes the bias matter.
      y = try b.graph.add(Softmax(axis: 1), name: "softmax", inputs: [b.dense(x, 7, activation: Activation(.silu))])
    default: y = try b.dense(x, 9, activation: Activation(which == .gelu ? .gelu : .geluTanh))
    }
    y = try b.dense(y, 3)
    return try b.finish(b.reshape(y, Shape(1, b.graph.shape(y).count)))
  }
}

extension NetworkBuilder {
  mutating func reshape(_ x: Graph.TensorID, _ shape: Shape) throws -> Graph.TensorID {
    try graph.add(Reshape(shape), name: "reshape", inputs: [x])
  }

  /// Element `start` of an axis, which stays with extent 1.
  mutating func slice(_ x: Graph.TensorID, axis: Int, _ start: Int) throws -> Graph.TensorID {
    try graph.add(Slice(axis: axis, start: start, step: 1, extent: 1), name: "slice", inputs: [x])
  }

  mutating func layerNormalization(_ x: Graph.TensorID, centres: Bool = true) throws -> Graph.TensorID {
    let shape = graph.shape(x), channels = Shape(shape[shape.rank - 1])
    let inputs = [x, constant(channels, 1.5), constant(channels, 0.5)]
    return try graph.add(LayerNormalization(epsilon: 1e-5, centres: centres), name: "norm", inputs: inputs)
  }

  /// Self-attention with random weights and its residual sum.
  mutating func attention(_ x: Graph.TensorID, heads: Int) throws -> Graph.TensorID {
    let channels = graph.shape(x)[2]
    let y = try attended(dense(x, 3 * channels), heads: heads)
    return try graph.add(Binary(.add), name: "sum", inputs: [x, dense(y, channels)])
  }

  /// Softmax(Q K^T / sqrt(d)) V of [1, tokens, 3 x channels], in the operators that exporters write.
  mutating func attended(_ joined: Graph.TensorID, heads: Int) throws -> Graph.TensorID {
    let tokens = graph.shape(joined)[1], channels = graph.shape(joined)[2] / 3, size = channels / heads
    let parts = try reshape(joined, Shape([1, tokens, 3, heads, size]))
    var separated: [Graph.TensorID] = []
    for (index, permutation) in [Permutation(0, 2, 1, 3), Permutation(0, 2, 3, 1), Permutation(0, 2, 1, 3)].enumerated() {
      let own = try reshape(slice(parts, axis: 2, index), Shape(1, tokens, heads, size))
      separated.append(try graph.add(Transpose(permutation), name: "transpose", inputs: [own]))
    }
    let (queries, keys, values) = (separated[0], separated[1], separated[2])
    let scale = graph.addConstant("scale", Shape(1), [1 / Float(size).squareRoot()])
    let scaled = try graph.add(Binary(.multiply), name: "scale", inputs: [queries, scale])
    let scores = try graph.add(MatMul(), name: "scores", inputs: [scaled, keys])
    let weights = try graph.add(Softmax(axis: 3), name: "softmax", inputs: [scores])
    let mixed = try graph.add(MatMul(), name: "mixed", inputs: [weights, values])
    let tokensFirst = try graph.add(Transpose(Permutation(0, 2, 1, 3)), name: "transpose", inputs: [mixed])
    return try reshape(tokensFirst, Shape(1, tokens, channels))
  }
}
