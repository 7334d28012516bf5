import TinyNN

extension Graph {
  /// A rewriting of the graph that keeps what it computes: every input and output keeps its shape, and every node fits its
  /// operands.
  package struct Pass: Sendable {
    package let name: String
    package let run: @Sendable (inout Graph) -> Void
  }

  /// All passes, in the order in which one prepares the next.
  package static let passes = [
    Pass(name: "removeDeadNodes") { $0.removeDeadNodes() },
    Pass(name: "moveTransposes") { $0.moveTransposes() },
    Pass(name: "mergeEqualNodes") { $0.mergeEqualNodes() },
    Pass(name: "absorbPads") { $0.absorbPads() },
    Pass(name: "foldScales") { $0.foldScales() },
    Pass(name: "mergeBranches") { $0.mergeBranches() },
    Pass(name: "recognizeNormalizations") { $0.recognizeNormalizations() },
    Pass(name: "fuseActivations") { $0.fuseActivations() },
    // What was fused or folded may have stood between two transposes or reshapes.
    Pass(name: "moveTransposes") { $0.moveTransposes() },
    Pass(name: "joinTransposes") { $0.joinTransposes() },
    Pass(name: "mergeEqualNodes") { $0.mergeEqualNodes() },
    Pass(name: "removeUnusedTensors") { $0.removeUnusedTensors() },
  ]

  /// Runs all passes.
  public mutating func optimize() {
    for pass in Graph.passes { pass.run(&self) }
  }
}
