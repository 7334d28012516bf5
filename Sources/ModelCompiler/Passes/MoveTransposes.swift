import TinyNN

extension Graph {
  /// Moves transposes toward the outputs, past every operator that can work on the other axis order, until they meet their
  /// inverse and both vanish. Importers put one before and one behind each NHWC operator; a CNN ends with none.
  ///
  /// One pass in execution order: when a node is reached, all transposes before it have moved as far as they can.
  public mutating func moveTransposes() {
    var mover = TransposeMover(graph: self)
    for node in nodes { mover.take(node) }
    mover.graph.nodes = mover.nodes
    self = mover.graph
    removeDeadNodes()
    mergeReshapes()
  }

  /// Joins chains of reshapes and drops those that change nothing.
  mutating func mergeReshapes() {
    let producers = producers()
    for index in nodes.indices where nodes[index].kind == .reshape {
      while let producer = producers[nodes[index].inputs[0]], nodes[producer].kind == .reshape {
        nodes[index].inputs = nodes[producer].inputs
      }
    }
    for node in nodes where node.kind == .reshape && shape(node.inputs[0]) == shape(node.outputs[0]) {
      // An output of the network keeps its own tensor, so an input is never its own output.
      guard !outputs.contains(node.outputs[0]) || producers[node.inputs[0]] != nil else { continue }
      replaceUses(of: node.outputs[0], with: node.inputs[0])
    }
    removeDeadNodes()
  }
}

private struct TransposeMover {
  var graph: Graph
  var nodes: [Graph.Node] = []
  /// For the result of each transpose: what it was made from, and how.
  var transposed: [Graph.TensorID: (source: Graph.TensorID, permutation: Permutation)] = [:]

  mutating func take(_ node: Graph.Node) {
    if let transpose = node.decoded(Transpose.self) {
      let (source, permutation) = origin(of: node.inputs[0], before: transpose.permutation)
      emitTranspose(permutation, of: source, to: node.outputs[0], name: node.name)
    } else if let reshape = node.decoded(Reshape.self), let origin = transposed[node.inputs[0]],
      let split = split(graph.shape(node.inputs[0]), to: reshape.shape, origin.permutation),
      let inner = arranged(origin.source, split.inner, name: node.name),
      let (before, result) = try? graph.makeNode(Reshape(split.shape), name: node.name, inputs: [inner])
    {
      nodes.append(before)
      emitTranspose(split.outer, of: result, to: node.outputs[0], name: node.name + ".transpose")
    } else if !moveBehind(node) {
      nodes.append(node)
    }
  }

  private func origin(of tensor: Graph.TensorID, before next: Permutation) -> (Graph.TensorID, Permutation) {
    guard let origin = transposed[tensor] else { return (tensor, next) }
    return (origin.source, origin.permutation.followed(by: next))
  }

  /// Emits what is left of a transpose: nothing, a reshape where only axes of extent 1 move, or a transpose.
  private mutating func emitTranspose(
    _ permutation: Permutation, of source: Graph.TensorID, to result: Graph.TensorID, name: String
  ) {
    let isFree = permutation.movesOnlyUnitAxes(of: graph.shape(source))
    let emitted =
      isFree
      ? try? graph.makeNode(Reshape(permutation(graph.shape(source))), name: name, inputs: [source], output: result)
      : try? graph.makeNode(Transpose(permutation), name: name, inputs: [source], output: result)
    if let (node, _) = emitted { nodes.append(node) }
    transposed[result] = (source, permutation)
  }

  /// Rewrites N(T(x), …) into T(N'(x, …)); false if the operator or its operands do not allow it.
  private mutating func moveBehind(_ node: Graph.Node) -> Bool {
    let data = node.inputs.filter { !graph.isConstant($0) }
    guard let permutation = data.compactMap({ transposed[$0]?.permutation }).first(where: { !$0.isIdentity }) else { return false }
    let inverse = permutation.inverse
    guard let attributes = graph.ask(node, Permuted(permutation: inverse, operands: graph.operands(of: node))) ?? nil else {
      return false
    }
    for input in data {
      guard graph.shape(input).rank == permutation.rank else { return false }
      guard transposed[input]?.permutation == permutation || inverse.movesOnlyUnitAxes(of: graph.shape(input)) else { return false }
    }
    guard graph.shape(node.outputs[0]).rank == permutation.rank else { return false }

    var inputs: [Graph.TensorID] = []
    for (position, input) in node.inputs.enumerated() {
      if graph.isConstant(input) {
        guard graph.ask(node, PermutesConstant(position: position)) == true else {
          inputs.append(input)
          continue
        }
        inputs.append(graph.permutedConstant(input, inverse))
      } else if let origin = transposed[input], origin.permutation == permutation {
        inputs.append(origin.source)
      } else {
        guard
          let (free, result) = try? graph.makeNode(Reshape(inverse(graph.shape(input))), name: node.name + ".axes", inputs: [input])
        else { return false }
        nodes.append(free)
        inputs.append(result)
      }
    }
    let type = TensorType(graph.type(node.outputs[0]).elementType, inverse(graph.shape(node.outputs[0])))
    let result = graph.addTensor(node.name, type, quantization: graph.tensors[node.outputs[0]].quantization)
    let moved = Graph.Node(name: node.name, kind: node.kind, attributes: attributes, inputs: inputs, outputs: [result])
    guard graph.typeError(of: moved) == nil else { return false }
    nodes.append(moved)
    emitTranspose(permutation, of: result, to: node.outputs[0], name: node.name + ".transpose")
    return true
  }

  private mutating func arranged(_ source: Graph.TensorID, _ permutation: Permutation, name: String) -> Graph.TensorID? {
    guard !permutation.isIdentity else { return source }
    guard let (node, result) = try? graph.makeNode(Transpose(permutation), name: name + ".arrange", inputs: [source]) else {
      return nil
    }
    nodes.append(node)
    return result
  }

  /// A reshape of a transposed tensor, taken apart: `inner` brings the axes of the source that the reshape merges or splits
  /// side by side (the identity where they already are), then comes the reshape to `shape`, then `outer` orders the groups.
  /// Only `outer` can still move on. Nil if the two shapes have no common groups.
  private func split(_ from: Shape, to: Shape, _ permutation: Permutation) -> (
    inner: Permutation, shape: Shape, outer: Permutation
  )? {
    guard let groups = commonAxisGroups(from, to) else { return nil }
    // Groups in the order in which the source stores their first axis; axes of extent 1 may stand anywhere.
    let order = groups.indices.sorted { a, b in
      let place = { (index: Int) in groups[index].from.filter { from[$0] != 1 }.map { permutation[$0] }.min() ?? -1 }
      return (place(a), a) < (place(b), b)
    }
    var shape = Shape()
    var sourceAxes: [Int] = [], resultAxes: [Int] = []
    for index in order {
      sourceAxes += groups[index].from.map { permutation[$0] }
      for axis in groups[index].to {
        shape.append(to[axis])
        resultAxes.append(axis)
      }
    }
    var inner = Permutation(rank: from.rank)
    for (position, axis) in sourceAxes.enumerated() { inner[position] = axis }
    // Moving axes of extent 1 moves no element.
    let moving = sourceAxes.filter { from[permutation.inverse[$0]] != 1 }
    if moving == moving.sorted() { inner = Permutation(rank: from.rank) }
    var outer = Permutation(rank: to.rank)
    for (position, axis) in resultAxes.enumerated() { outer[axis] = position }
    return (inner, shape, outer)
  }
}

/// The operator's attributes for permuted operands, or nil.
private struct Permuted: OperatorQuestion {
  let permutation: Permutation
  let operands: NodeOperands

  func answer<O: Operator>(_ operation: O) -> [UInt8]? {
    operation.permuted(by: permutation, of: operands)?.encoded
  }
}

private struct PermutesConstant: OperatorQuestion {
  let position: Int

  func answer<O: Operator>(_ operation: O) -> Bool { operation.permutesConstant(position) }
}

extension Graph {
  /// A constant with its axes (extended by leading ones to the permutation's rank) reordered.
  mutating func permutedConstant(_ tensor: TensorID, _ permutation: Permutation) -> TensorID {
    let old = tensors[tensor]
    var shape = Shape()
    for axis in 0..<permutation.rank { shape.append(old.type.shape.broadcastExtent(axis, rank: permutation.rank)) }
    let result = permutation(shape)
    let size = old.type.elementType.byteCount
    let source = old.constant ?? []
    var bytes: [UInt8] = []
    bytes.reserveCapacity(source.count)
    for index in 0..<result.count {
      var rest = index, from = 0
      for axis in stride(from: permutation.rank - 1, through: 0, by: -1) {
        from += rest % result[axis] * shape.count(in: permutation[axis] + 1..<permutation.rank)
        rest /= result[axis]
      }
      bytes.append(contentsOf: source[from * size..<(from + 1) * size])
    }
    return addTensor(old.name, TensorType(old.type.elementType, result), constant: bytes)
  }
}
