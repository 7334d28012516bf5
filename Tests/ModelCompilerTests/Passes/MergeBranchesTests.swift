import ModelCompiler
import Testing
import TinyNN

@Suite struct MergeBranchesTests {
  private func window(_ kernel: Int) -> Window {
    var window = Window(height: kernel, width: kernel)
    window.padTop = kernel / 2
    window.padLeft = kernel / 2
    window.padBottom = kernel / 2
    window.padRight = kernel / 2
    return window
  }

  /// A convolution of 3x3, one of 1x1 and a scaled identity, added up.
  private func branches(groups: Int, activation: Activation = .none) throws -> Graph {
    var maker = GraphMaker(seed: 15)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(1, 7, 6, 8)))
    func branch(_ kernel: Int) throws -> Graph.TensorID {
      guard groups < 8 else {
        return try maker.add(
          DepthwiseConvolution(window: window(kernel), activation: activation), x, maker.constant(kernel, kernel, 8),
          maker.constant(8))
      }
      return try maker.add(
        Convolution(window: window(kernel), groups: groups, activation: activation), x,
        maker.constant(8, kernel, kernel, 8 / groups), maker.constant(8))
    }
    let sum = try maker.add(Binary(.add), branch(3), branch(1))
    let scaled = try maker.add(Binary(.multiply), x, maker.constant(8))
    maker.graph.outputs = [try maker.add(Binary(.add), sum, scaled)]
    return maker.graph
  }

  @Test("Branches become one convolution: plain, in groups, depthwise", arguments: [1, 2, 8])
  func branchesBecomeOne(groups: Int) throws {
    let plain = try branches(groups: groups)
    var merged = plain
    merged.mergeBranches()
    #expect(merged.nodes.map(\.kind) == [groups == 8 ? .depthwiseConvolution : .convolution])
    for (a, b) in zip(try outputs(of: plain, seed: 6)[0], try outputs(of: merged, seed: 6)[0]) { #expect(abs(a - b) < 1e-4) }
  }

  @Test func branchesWithAnActivationStayApart() throws {
    let plain = try branches(groups: 1, activation: .relu)
    var merged = plain
    merged.mergeBranches()
    #expect(merged.nodes.count == plain.nodes.count)
  }
}
