import TinyNN

extension Graph {
  /// Makes one transpose of two with a reshape between them, where the second one moves the reshape's groups of axes as wholes:
  /// what is left where a transpose could not move on to its inverse.
  mutating func joinTransposes() {
    let counts = useCounts()
    var producers = producers()
    var result: [Node] = []
    for (index, node) in nodes.enumerated() {
      guard let outer = node.decoded(Transpose.self), let middle = producers[node.inputs[0]], counts[node.inputs[0]] == 1,
        nodes[middle].kind == .reshape, let start = producers[nodes[middle].inputs[0]], counts[nodes[middle].inputs[0]] == 1,
        let inner = nodes[start].decoded(Transpose.self),
        let moved = inner.permutation.followed(
          by: outer.permutation, across: shape(nodes[start].outputs[0]), shape(nodes[middle].outputs[0])),
        let (joined, between) = try? makeNode(Transpose(moved), name: node.name, inputs: nodes[start].inputs),
        let (reshape, _) = try? makeNode(
          Reshape(shape(node.outputs[0])), name: node.name, inputs: [between], output: node.outputs[0])
      else {
        result.append(node)
        continue
      }
      producers[node.outputs[0]] = index
      result += [joined, reshape]
    }
    nodes = result
    removeDeadNodes()
    mergeReshapes()
  }
}

extension Permutation {
  /// The one permutation that, before a reshape, does what this one does before and `outer` behind a reshape of `from` to `to`.
  /// Nil if `outer` takes a group of axes apart that the reshape merges or splits.
  func followed(by outer: Permutation, across from: Shape, _ to: Shape) -> Permutation? {
    guard let groups = commonAxisGroups(from, to) else { return nil }
    let moved = (0..<outer.rank).map { outer[$0] }.filter { to[$0] != 1 }
    var order: [Int] = []
    var position = 0
    while position < moved.count {
      guard let group = groups.firstIndex(where: { $0.to.contains(moved[position]) }) else { return nil }
      let axes = groups[group].to.filter { to[$0] != 1 }
      guard moved[position...].prefix(axes.count).elementsEqual(axes) else { return nil }
      order += groups[group].from
      position += axes.count
    }
    // Axes of extent 1 may stand anywhere.
    order += (0..<from.rank).filter { !order.contains($0) }
    var rearranged = Permutation(rank: from.rank)
    for (position, axis) in order.enumerated() { rearranged[position] = axis }
    return followed(by: rearranged)
  }
}
