import TinyNN

/// A part of a network that runs in stripes of rows.
public struct StripedStage: Sendable, Equatable {
  /// Names of its first and its last layer.
  public let first: String
  public let last: String
  public let stripes: Int
}

extension Graph {
  /// Trades multiply-adds for memory: runs stages with large feature maps stripe by stripe of rows, so that only a stripe of
  /// the maps inside lives at a time (patch-based inference, Lin et al. 2021, "MCUNetV2"), until the arena of one
  /// thread takes at most `limit` bytes or nothing makes it smaller. Rows at the edges of stripes are computed twice; every output
  /// keeps its bits.
  ///
  /// Each round takes the step that needs most memory, tries every run of layers around it in 2 to 32 stripes, and keeps what
  /// reaches the limit with the fewest multiply-adds, or else needs least.
  public mutating func stripeRows(until limit: Int) -> [StripedStage] {
    var (best, bestArena) = ((graph: self, stages: [StripedStage]()), arenaByteCount)
    // Besides living tensors there are scratch memory and the gaps that the planner leaves: where the plan does not fit, aim lower.
    for attempt in 0..<12 where bestArena > limit {
      var graph = self
      let stages = graph.stripePeaks(until: limit - limit * attempt / 32)
      let arena = graph.arenaByteCount
      if arena < bestArena { (best, bestArena) = ((graph, stages), arena) }
    }
    self = best.graph
    return best.stages
  }

  private mutating func stripePeaks(until limit: Int) -> [StripedStage] {
    var stages: [StripedStage] = []
    while true {
      let living = livingByteCounts()
      guard let peak = nodes.indices.max(by: { living[$0] < living[$1] }), living[peak] > limit,
        let best = bestStage(around: peak, limit), best.peak < living[peak]
      else { return stages }
      stages.append(
        StripedStage(first: nodes[best.range.lowerBound].name, last: nodes[best.range.upperBound - 1].name, stripes: best.stripes))
      self = best.graph
    }
  }

  fileprivate struct Candidate {
    let graph: Graph
    let range: Range<Int>
    let stripes: Int
    /// Most bytes that live at one of its steps.
    let peak: Int
    let multiplyAdds: Int
  }

  private static let longestStage = 24

  private func bestStage(around peak: Int, _ limit: Int) -> Candidate? {
    var best: Candidate?
    for first in max(0, peak - Graph.longestStage + 1)...peak {
      for end in peak + 1...min(nodes.count, first + Graph.longestStage) where isStage(first..<end) {
        // What a stage reads and gives lives as long as it runs.
        guard endsByteCount(first..<end) <= max(limit, best?.peak ?? .max) else { continue }
        for stripes in [2, 3, 4, 6, 8, 12, 16, 24, 32] {
          guard let graph = striping(first..<end, stripes) else { break }
          let steps = first..<end + graph.nodes.count - nodes.count
          let candidate = Candidate(
            graph: graph, range: first..<end, stripes: stripes, peak: graph.livingByteCounts()[steps].max()!,
            multiplyAdds: graph.multiplyAdds)
          if best.map({ candidate.isBetter(than: $0, limit) }) ?? true { best = candidate }
          if candidate.peak <= limit { break }
        }
      }
    }
    return best
  }

  /// What one thread's arena takes: tensors, and the scratch memory of the operator that needs most.
  public var arenaByteCount: Int {
    let scratch =
      nodes.map { ask($0, ScratchByteCount(of: operands(of: $0), output: type($0.outputs[0]), parts: 1)) ?? 0 }.max() ?? 0
    return Format.aligned(plan().arenaByteCount) + Format.aligned(scratch)
  }

  /// Multiply-adds of one inference.
  public var multiplyAdds: Int {
    nodes.reduce(0) { $0 + (ask($1, MultiplyAdds(of: operands(of: $1), output: type($1.outputs[0]))) ?? 0) }
  }

  /// Bytes of the computed tensors and inputs that come into a stage, and of its result.
  private func endsByteCount(_ range: Range<Int>) -> Int {
    let inside = Set(nodes[range].flatMap(\.outputs))
    let ends = Set(
      nodes[range].flatMap(\.inputs).filter { !isConstant($0) && !inside.contains($0) } + nodes[range.upperBound - 1].outputs)
    return ends.reduce(0) { $0 + type($1).shape.count * type($1).elementType.byteCount }
  }

  /// True if of all that the nodes compute only the last result, a feature map, is read behind them.
  private func isStage(_ range: Range<Int>) -> Bool {
    let inside = Set(nodes[range.dropLast()].flatMap(\.outputs))
    let last = nodes[range.upperBound - 1].outputs
    guard last.count == 1, shape(last[0]).rank == 4, inside.isDisjoint(with: outputs) else { return false }
    return nodes[range.upperBound...].allSatisfy { inside.isDisjoint(with: $0.inputs) }
  }

  /// The graph with these nodes in stripes, or nil if one of them needs whole images, or there are fewer rows than stripes.
  private func striping(_ range: Range<Int>, _ stripes: Int) -> Graph? {
    let result = nodes[range.upperBound - 1].outputs[0]
    let height = shape(result)[1]
    guard stripes <= height else { return nil }
    var graph = self
    var parts: [TensorID] = []
    var striped: [Node] = []
    for stripe in 0..<stripes {
      let rows = height * stripe / stripes..<height * (stripe + 1) / stripes
      guard let part = graph.appendStripe(of: result, rows, range, stripe, to: &striped) else { return nil }
      parts.append(part)
    }
    let name = tensors[result].name
    guard let (join, _) = try? graph.makeNode(Concatenate(axis: 1), name: "\(name)/stripes", inputs: parts, output: result) else {
      return nil
    }
    graph.nodes.replaceSubrange(range, with: striped + [join])
    return graph
  }

  /// Appends what computes `rows` of `result`, and returns the tensor that holds them.
  private mutating func appendStripe(
    of result: TensorID, _ rows: Range<Int>, _ range: Range<Int>, _ stripe: Int, to striped: inout [Node]
  ) -> TensorID? {
    // From the last node to the first: which rows of each tensor somebody reads.
    var needed = [result: rows]
    var operations: [Int: [UInt8]] = [:]
    for index in range.reversed() {
      guard let rows = needed[nodes[index].outputs[0]],
        let (attributes, inputRows) = ask(nodes[index], Striping(rows: rows, operands: operands(of: nodes[index]))) ?? nil,
        !inputRows.isEmpty
      else { return nil }
      operations[index] = attributes
      for input in nodes[index].inputs where isStriped(input, in: nodes[index]) {
        let known = needed[input] ?? inputRows
        needed[input] = min(known.lowerBound, inputRows.lowerBound)..<max(known.upperBound, inputRows.upperBound)
      }
    }
    // A tensor that is read with more rows than this reader wants is cut; all of them start as what lies outside, whole.
    var parts: [TensorID: TensorID] = [:]
    for index in range {
      let node = nodes[index]
      guard let (attributes, inputRows) = ask(node, Striping(rows: needed[node.outputs[0]]!, operands: operands(of: node))) ?? nil
      else { return nil }
      var inputs: [TensorID] = []
      for input in node.inputs {
        guard isStriped(input, in: node) else {
          inputs.append(input)
          continue
        }
        let held = parts[input] == nil ? 0..<shape(input)[1] : needed[input]!
        let source = parts[input] ?? input
        guard held != inputRows else {
          inputs.append(source)
          continue
        }
        let slice = Slice(axis: 1, start: inputRows.lowerBound - held.lowerBound, extent: inputRows.count)
        guard let (cut, rows) = try? makeNode(slice, name: "\(tensors[input].name)/rows\(stripe)", inputs: [source]) else {
          return nil
        }
        tensors[rows].quantization = tensors[input].quantization
        striped.append(cut)
        inputs.append(rows)
      }
      let copy = Node(name: "\(node.name)/stripe\(stripe)", kind: node.kind, attributes: attributes, inputs: inputs, outputs: [])
      guard let type = ask(copy, ResultType(operands: operands(of: copy))), type.shape[1] == needed[node.outputs[0]]!.count else {
        return nil
      }
      let output = addTensor(
        "\(tensors[node.outputs[0]].name)/stripe\(stripe)", type, quantization: tensors[node.outputs[0]].quantization)
      striped.append(Node(name: copy.name, kind: copy.kind, attributes: attributes, inputs: inputs, outputs: [output]))
      parts[node.outputs[0]] = output
    }
    return parts[result]
  }

  /// False for constants and for operands that are the same for all rows.
  private func isStriped(_ input: TensorID, in node: Node) -> Bool {
    !isConstant(input) && shape(input).rank == 4 && (shape(input)[1] > 1 || shape(node.outputs[0])[1] == 1)
  }
}

extension Graph {
  fileprivate typealias Rows = (attributes: [UInt8], inputRows: Range<Int>)
}

private struct Striping: OperatorQuestion {
  let rows: Range<Int>
  let operands: NodeOperands

  func answer<O: Operator>(_ operation: O) -> Graph.Rows? {
    operation.striped(rows: rows, of: operands).map { ($0.operation.encoded, $0.inputRows) }
  }
}

private struct ResultType: OperatorQuestion {
  let operands: NodeOperands

  func answer<O: Operator>(_ operation: O) throws(ModelError) -> TensorType {
    try operation.outputType(0, of: operands)
  }
}

extension Graph.Candidate {
  /// Within the limit: fewer multiply-adds; else the smaller peak.
  fileprivate func isBetter(than other: Graph.Candidate, _ limit: Int) -> Bool {
    if peak <= limit || other.peak <= limit {
      return peak <= limit && (other.peak > limit || (multiplyAdds, peak) < (other.multiplyAdds, other.peak))
    }
    return (peak, multiplyAdds) < (other.peak, other.multiplyAdds)
  }
}
