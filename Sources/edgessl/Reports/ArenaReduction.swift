import ArgumentParser
import ModelCompiler
import TinyNN

/// `--arena`: less memory for more multiply-adds.
struct ArenaReduction: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run stages in stripes of rows until one thread's memory is at most this; rows at the edges of stripes are computed twice.",
      valueName: "160kB"))
  var arena: ByteSize?

  /// Reduces the graph's arena and says in `provenance` what it cost; throws with the smallest size that was reached.
  func apply(to graph: inout Graph, _ provenance: inout Provenance, source: String) throws(Failure) {
    guard let arena else { return }
    let before = (bytes: graph.arenaByteCount, work: graph.multiplyAdds)
    let stages = graph.stripeRows(until: arena.byteCount)
    guard graph.arenaByteCount <= arena.byteCount else {
      throw Failure(
        .overBudget,
        """
        \(source): stripes bring the arena from \(grouped(before.bytes)) to \(grouped(graph.arenaByteCount)) \
        bytes; --arena allows \(grouped(arena.byteCount))
        """
      )
    }
    guard !stages.isEmpty else { return }
    let parts = stages.map { "\($0.first) to \($0.last) in \($0.stripes)" }.joined(separator: ", ")
    let cost = 100 * (Double(graph.multiplyAdds) / Double(max(1, before.work)) - 1)
    provenance.fields.append(
      ("stripes", "\(parts); arena \(before.bytes) to \(graph.arenaByteCount) bytes, multiply-adds +\(decimal(cost, digits: 1)) %"))
  }
}
