import ModelCompiler
import Testing
import TinyNN

@Suite struct MemoryPlannerTests {
  @Test("Buffers that live together never overlap, and the arena is near the bound", arguments: 0..<40)
  func placesWithoutOverlap(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let operatorCount = Int.random(in: 1...40, using: &random)
    var buffers = (0..<Int.random(in: 1...60, using: &random)).map { _ in
      let first = Int.random(in: 0..<operatorCount, using: &random)
      return MemoryPlanner.Buffer(
        byteCount: Int.random(in: 1...5000, using: &random), first: first,
        last: min(operatorCount, first + Int.random(in: 0...4, using: &random)))
    }
    let bound = MemoryPlanner.lowerBound(buffers.span, operatorCount: operatorCount)
    var span = buffers.mutableSpan
    let arena = MemoryPlanner.place(&span)
    for i in buffers.indices {
      #expect(buffers[i].offset >= 0 && buffers[i].offset % 64 == 0 && buffers[i].offset + buffers[i].byteCount <= arena)
      for j in 0..<i where buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last {
        let apart =
          buffers[i].offset + buffers[i].byteCount <= buffers[j].offset
          || buffers[j].offset + buffers[j].byteCount <= buffers[i].offset
        #expect(apart, "seed \(seed): buffers \(i) and \(j) overlap")
      }
    }
    #expect(arena >= bound && Double(arena) <= 1.5 * Double(bound), "seed \(seed): arena \(arena), bound \(bound)")
  }
}
