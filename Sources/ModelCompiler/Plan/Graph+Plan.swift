import TinyNN

/// Places of a graph's tensors in the arena.
public struct GraphPlan: Sendable {
  public let placements: [Placement?]
  public let arenaByteCount: Int
  /// The largest sum of tensors alive at one step: no plan can be smaller.
  public let lowerBound: Int
}

extension Graph {
  /// Lifetimes, sharing of memory in place, and the planner's offsets.
  public func plan() -> GraphPlan {
    let (buffer, first, last, spans) = sharedBuffers()
    let (buffers, greedy) = placedGreedily(spans)
    let lowerBound = MemoryPlanner.lowerBound(buffers.span, operatorCount: nodes.count)
    var search = PlacementSearch(buffers, arena: greedy, lowerBound: lowerBound)
    let (offsets, arena) = search.run()
    let placements = tensors.indices.map { tensor -> Placement? in
      guard let number = buffer[tensor], let first = first[tensor] else { return nil }
      return Placement(offset: offsets[number], first: first, last: last[tensor])
    }
    return GraphPlan(placements: placements, arenaByteCount: arena, lowerBound: lowerBound)
  }

  /// Bytes of an arena that suffices, found without a search: `plan()` needs at most as many.
  package func sufficientArenaByteCount() -> Int { placedGreedily(sharedBuffers().spans).arena }

  private func placedGreedily(_ spans: [Span]) -> (buffers: [MemoryPlanner.Buffer], arena: Int) {
    var buffers = spans.map { MemoryPlanner.Buffer(byteCount: $0.byteCount, first: $0.first, last: $0.last) }
    var span = buffers.mutableSpan
    let arena = MemoryPlanner.place(&span)
    return (buffers, arena)
  }

  /// Bytes of the buffers that live at each step.
  package func livingByteCounts() -> [Int] {
    var changes = [Int](repeating: 0, count: nodes.count + 2)
    for span in sharedBuffers().spans {
      changes[span.first] += Format.aligned(span.byteCount)
      changes[span.last + 1] -= Format.aligned(span.byteCount)
    }
    var living = 0
    return changes.dropLast().map { change in
      living += change
      return living
    }
  }

  private typealias Span = (byteCount: Int, first: Int, last: Int)
  private typealias Buffers = (buffer: [Int?], first: [Int?], last: [Int], spans: [Span])

  /// When each tensor lives, and which tensors share one buffer in place.
  private func sharedBuffers() -> Buffers {
    var first = [Int?](repeating: nil, count: tensors.count)
    var last = [Int](repeating: 0, count: tensors.count)
    for input in inputs { first[input] = 0 }
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { last[input] = max(last[input], index) }
      for output in node.outputs {
        first[output] = index
        last[output] = max(last[output], index)
      }
    }
    for output in outputs { last[output] = nodes.count }

    // Tensors that share one buffer in place, by the buffer's number.
    var buffer = [Int?](repeating: nil, count: tensors.count)
    var spans: [Span] = []
    func open(_ tensor: TensorID) {
      buffer[tensor] = spans.count
      let type = type(tensor)
      spans.append((type.shape.count * type.elementType.byteCount, first[tensor]!, last[tensor]))
    }
    for input in inputs { open(input) }
    for (index, node) in nodes.enumerated() {
      let output = node.outputs[0]
      if let source = inPlaceSource(node, index, last, buffer) {
        buffer[output] = buffer[source]
        spans[buffer[source]!].last = last[output]
      } else {
        open(output)
      }
      for other in node.outputs.dropFirst() { open(other) }
    }
    return (buffer, first, last, spans)
  }

  /// The input over which a node may write its result: it dies here, has the same bytes, and the operator allows it at
  /// every position where it is read.
  private func inPlaceSource(_ node: Node, _ index: Int, _ last: [Int], _ buffer: [Int?]) -> TensorID? {
    guard node.outputs.count == 1 else { return nil }
    let output = type(node.outputs[0])
    return node.inputs.first { input in
      guard buffer[input] != nil, last[input] == index, type(input).elementType == output.elementType,
        shape(input).count == output.shape.count
      else { return false }
      return node.inputs.indices.allSatisfy {
        node.inputs[$0] != input || ask(node, RunsInPlace(over: $0, of: operands(of: node))) == true
      }
    }
  }
}
