import ModelCompiler
import Testing
import TinyNN

@Suite struct PlanTests {
  /// Feature maps of 8, 8, 4, 12 and 3 units: placed by size, the first one takes the bottom and pushes the others up.
  @Test func chainNeedsNoMoreThanItsLargestNeighbours() throws {
    var maker = GraphMaker(seed: 5)
    var x = maker.graph.addInput("x", TensorType(.float32, Shape(1, 8, 8, 3)))
    for (channels, stride) in [(8, 1), (8, 1), (4, 1), (12, 1), (12, 2)] {
      var window = Window(height: 1, width: 1)
      (window.strideY, window.strideX) = (stride, stride)
      x = try maker.add(
        Convolution(window: window), x, maker.constant(channels, 1, 1, maker.graph.shape(x)[3]), maker.constant(channels))
    }
    maker.graph.outputs = [x]
    let plan = maker.graph.plan()
    #expect(plan.lowerBound == 16 * 64 * 4)
    #expect(plan.arenaByteCount == plan.lowerBound)
  }

  @Test("Arenas of random networks are near the lower bound, and always the same", arguments: 0..<30)
  func arenaIsNearItsBound(seed: Int) throws {
    var maker = GraphMaker(seed: UInt64(seed))
    var x = try maker.add(Transpose(GraphMaker.toNCHW), maker.graph.addInput("x", TensorType(.float32, Shape(1, 16, 16, 6))))
    for _ in 0..<12 { x = try maker.step(x) }
    maker.graph.outputs = [x]
    maker.graph.optimize()
    let plan = maker.graph.plan()
    #expect(plan.arenaByteCount >= plan.lowerBound)
    #expect(
      Double(plan.arenaByteCount) <= 1.1 * Double(plan.lowerBound), "seed \(seed): \(plan.arenaByteCount) of \(plan.lowerBound)")
    #expect(maker.graph.plan().placements.map { $0?.offset } == plan.placements.map { $0?.offset })
  }
}
