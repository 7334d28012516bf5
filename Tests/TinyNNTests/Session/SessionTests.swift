import HostRuntime
import ModelCompiler
import Testing
import TinyNN

/// A small network with every kind of heavy operator: gathered first layer, depthwise, grouped, pointwise, pooling, dense.
func sampleNetwork() throws -> Graph {
  var random = SeededGenerator(seed: 11)
  var graph = Graph()
  func constant(_ shape: Shape) -> Graph.TensorID {
    graph.addConstant("c", shape, (0..<shape.count).map { _ in Float.random(in: -0.5...0.5, using: &random) })
  }
  func window(_ kernel: Int, _ stride: Int) -> Window {
    var window = Window(height: kernel, width: kernel)
    (window.strideY, window.strideX) = (stride, stride)
    window.padTop = kernel / 2
    window.padLeft = kernel / 2
    window.padBottom = kernel / 2
    window.padRight = kernel / 2
    return window
  }
  let input = graph.addInput("x", TensorType(.float32, Shape(1, 37, 41, 3)))
  var x = try graph.add(
    Convolution(window: window(3, 2), activation: .relu6), name: "stem",
    inputs: [input, constant(Shape(20, 3, 3, 3)), constant(Shape(20))])
  let expanded = try graph.add(
    Convolution(window: Window(height: 1, width: 1), activation: .relu), name: "expand",
    inputs: [x, constant(Shape(52, 1, 1, 20)), constant(Shape(52))])
  let filtered = try graph.add(
    DepthwiseConvolution(window: window(5, 1), activation: Activation(.hardSwish)), name: "filter",
    inputs: [expanded, constant(Shape(5, 5, 52)), constant(Shape(52))])
  let projected = try graph.add(
    Convolution(window: Window(height: 1, width: 1)), name: "project",
    inputs: [filtered, constant(Shape(20, 1, 1, 52)), constant(Shape(20))])
  x = try graph.add(Binary(.add), name: "residual", inputs: [x, projected])
  x = try graph.add(
    Convolution(window: window(3, 1), groups: 2, activation: Activation(.silu)), name: "grouped",
    inputs: [x, constant(Shape(24, 3, 3, 10)), constant(Shape(24))])
  x = try graph.add(Pool(.maximum, window: window(3, 2)), name: "pool", inputs: [x])
  x = try graph.add(GlobalAveragePool(), name: "mean", inputs: [x])
  x = try graph.add(Reshape(Shape(1, 24)), name: "flatten", inputs: [x])
  x = try graph.add(
    Dense(activation: Activation(.sigmoid)), name: "dense", inputs: [x, constant(Shape(600, 24)), constant(Shape(600))])
  graph.outputs = [x]
  return graph
}

@Suite struct SessionTests {
  let bytes: AlignedMemory

  init() throws { bytes = AlignedMemory(copying: try sampleNetwork().lowered().finish()) }

  func run(threads: Int, kernels: Kernels) throws -> [UInt32] {
    let model = try Model(validating: bytes.bytes)
    let plan = try InferencePlan(for: model, threads: threads)
    let arena = AlignedMemory(byteCount: plan.arenaByteCount)
    // What an arena held before must not matter.
    for i in arena.buffer.indices { arena.buffer[i] = UInt8(truncatingIfNeeded: i &* 37) }
    let pool = ThreadPool(threadCount: threads)
    var session = try Session(model, plan, arena: arena.buffer, kernels: kernels, workers: pool.workers)
    var results: [[UInt32]] = []
    for _ in 0..<2 {
      var random = SeededGenerator(seed: 5)
      let input = session.input().floats
      for i in 0..<input.count { input[i] = Float.random(in: -1...1, using: &random) }
      session.run()
      let output = session.output().floats
      results.append((0..<output.count).map { output[$0].bitPattern })
    }
    #expect(results[0] == results[1], "a second run gave other bits")
    return results[0]
  }

  @Test func everyKernelAndThreadCountGivesTheSameBits() throws {
    let expected = try run(threads: 1, kernels: try #require(Kernels(instructionSet: .reference)))
    #expect(Set(expected).count > 300, "the network's output is degenerate")
    for instructionSet in [InstructionSet.reference] + availableInstructionSets {
      let kernels = try #require(Kernels(instructionSet: instructionSet))
      for threads in 1...4 {
        #expect(try run(threads: threads, kernels: kernels) == expected, "\(instructionSet) with \(threads) threads")
      }
    }
  }

  @Test func anArenaOneByteTooSmallIsRefusedWithBothSizes() throws {
    let model = try Model(validating: bytes.bytes)
    for threads in 1...3 {
      let plan = try InferencePlan(for: model, threads: threads)
      let arena = AlignedMemory(byteCount: plan.arenaByteCount + 64)
      #expect(throws: ModelError(.arenaTooSmall, found: plan.arenaByteCount - 1, needed: plan.arenaByteCount)) {
        _ = try Session(model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: arena.buffer[..<(plan.arenaByteCount - 1)]))
      }
      #expect(throws: ModelError(.arenaMisaligned, found: 4, needed: 64)) {
        _ = try Session(model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: arena.buffer[4..<(plan.arenaByteCount + 8)]))
      }
      _ = try Session(model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: arena.buffer[..<plan.arenaByteCount]))
    }
  }

  @Test func aRunStaysInsideItsArena() throws {
    let model = try Model(validating: bytes.bytes)
    let plan = try InferencePlan(for: model, threads: 2)
    let guardBytes = 4096
    let memory = AlignedMemory(byteCount: plan.arenaByteCount + guardBytes)
    for i in memory.buffer.indices { memory.buffer[i] = 0xA5 }
    let pool = ThreadPool(threadCount: 2)
    var session = try Session(
      model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: memory.buffer[..<plan.arenaByteCount]), workers: pool.workers)
    session.run()
    #expect(memory.buffer[plan.arenaByteCount...].allSatisfy { $0 == 0xA5 }, "bytes behind the arena were written")
  }
}
