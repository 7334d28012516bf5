import HostRuntime
import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// Networks whose weights before and inside the operator under test get their gradients through it.
enum GradientCase: String, CaseIterable, Sendable {
  case pointwise, dense3x3, strided, dilatedAsymmetric, grouped, groupedPointwise, manyColumns, largeImage
  case depthwise, depthwiseStrided, depthwiseHardSwish, dense, denseSiLU, denseVector
  case relu, relu6, hardSwish, silu, sigmoid, hardSigmoid, tanh, leakyReLU, activateAlone
  case residual, sameTensorTwice, gate, addConstant, multiplyConstant, subtract, divide, minimum, maximum, sumWithSiLU
  case maximumPool, averagePool, averagePoolCountingPadding, concatenate, sliceSteps, squeezeAndExcite
  case layerNormalization, rootMeanSquare, attention, matMulBroadcast, softmaxOfColumns, pad, gelu, geluTanh

  /// True if the embedding has a derivative by every weight everywhere.
  var isSmooth: Bool {
    switch self {
    case .pointwise, .dense3x3, .strided, .dilatedAsymmetric, .grouped, .manyColumns, .depthwiseStrided, .denseSiLU, .silu,
      .sigmoid, .tanh,
      .activateAlone, .sameTensorTwice, .gate, .multiplyConstant, .subtract, .divide, .sumWithSiLU, .averagePool,
      .averagePoolCountingPadding, .sliceSteps, .layerNormalization, .rootMeanSquare, .attention, .matMulBroadcast,
      .softmaxOfColumns, .pad,
      .gelu, .geluTanh:
      true
    default: false
    }
  }

  func network() throws -> Graph {
    var b = NetworkBuilder(seed: 17)
    switch self {
    case .dense, .denseSiLU:
      let x = try b.dense(b.input(1, 3, 7), 19, activation: self == .dense ? .relu6 : Activation(.silu))
      let y = try b.dense(x, 5)
      return try b.finish(b.graph.add(Reshape(Shape(1, 15)), name: "flatten", inputs: [y]))
    case .denseVector: return try b.finish(b.dense(b.dense(b.input(1, 33), 18, activation: .relu), 4))
    case .largeImage:
      return try b.finish(
        b.convolution(b.convolution(b.input(1, 17, 19, 3), 5, window(3, 3, pad: (1, 1, 1, 1)), activation: .relu), 6, window(1, 1)))
    case .layerNormalization, .rootMeanSquare, .attention, .matMulBroadcast, .softmaxOfColumns, .gelu, .geluTanh:
      return try TokenNetworks.network(self, &b)
    default: break
    }
    let x = try b.convolution(b.input(1, 7, 6, 4), 6, window(1, 1))
    switch self {
    case .pointwise: return try b.finish(b.convolution(x, 21, window(1, 1)))
    case .dense3x3: return try b.finish(b.convolution(x, 5, window(3, 3, pad: (1, 1, 1, 1))))
    case .strided: return try b.finish(b.convolution(x, 18, window(3, 2, stride: 2, pad: (1, 0, 0, 1))))
    case .dilatedAsymmetric: return try b.finish(b.convolution(x, 3, window(2, 3, dilation: 2, pad: (2, 1, 0, 3))))
    case .grouped: return try b.finish(b.convolution(x, 9, window(3, 3, pad: (1, 1, 1, 1)), groups: 3))
    case .groupedPointwise: return try b.finish(b.convolution(x, 34, window(1, 1), groups: 2, activation: .relu))
    case .manyColumns: return try b.finish(b.convolution(b.convolution(x, 40, window(1, 1)), 33, window(1, 1)))
    case .depthwise: return try b.finish(b.depthwise(x, window(3, 3, pad: (1, 1, 1, 1)), activation: .relu6))
    case .depthwiseStrided: return try b.finish(b.depthwise(x, window(5, 3, stride: 2, pad: (2, 0, 1, 1))))
    case .depthwiseHardSwish:
      return try b.finish(b.depthwise(x, window(3, 3, pad: (1, 1, 1, 1)), activation: Activation(.hardSwish)))
    case .relu: return try b.finish(b.convolution(x, 5, window(1, 1), activation: .relu))
    case .relu6: return try b.finish(b.convolution(x, 5, window(3, 3), activation: Activation(.clamp, -0.2, 0.3)))
    case .hardSwish: return try b.finish(b.convolution(x, 5, window(3, 3, pad: (1, 1, 1, 1)), activation: Activation(.hardSwish)))
    case .silu: return try b.finish(b.convolution(x, 5, window(1, 1), activation: Activation(.silu)))
    case .sigmoid: return try b.finish(b.convolution(x, 5, window(1, 1), activation: Activation(.sigmoid)))
    case .hardSigmoid: return try b.finish(b.convolution(x, 5, window(1, 1), activation: Activation(.hardSigmoid, 0.2, 0.5)))
    case .tanh: return try b.finish(b.convolution(x, 5, window(1, 1), activation: Activation(.tanh)))
    case .leakyReLU: return try b.finish(b.convolution(x, 5, window(1, 1), activation: Activation(.leakyReLU, 0.1)))
    case .activateAlone: return try b.finish(b.graph.add(Activate(Activation(.silu)), name: "silu", inputs: [x]))
    case .residual:
      let y = try b.convolution(b.convolution(x, 11, window(1, 1), activation: .relu6), 6, window(3, 3, pad: (1, 1, 1, 1)))
      return try b.finish(
        b.convolution(b.graph.add(Binary(.add, activation: .relu), name: "add", inputs: [x, y]), 4, window(1, 1)))
    case .sameTensorTwice: return try b.finish(b.graph.add(Binary(.multiply), name: "square", inputs: [x, x]))
    case .gate:
      let gate = try b.graph.add(GlobalAveragePool(), name: "mean", inputs: [x])
      return try b.finish(
        b.graph.add(
          Binary(.multiply), name: "gate", inputs: [x, b.convolution(gate, 6, window(1, 1), activation: Activation(.sigmoid))]))
    case .addConstant:
      return try b.finish(b.graph.add(Binary(.add, activation: .relu), name: "add", inputs: [b.constant(Shape(1, 1, 1, 6), 1), x]))
    case .multiplyConstant:
      return try b.finish(b.graph.add(Binary(.multiply), name: "scale", inputs: [x, b.constant(Shape(1, 7, 6, 1), 1)]))
    case .subtract:
      return try b.finish(b.graph.add(Binary(.subtract), name: "minus", inputs: [b.convolution(x, 6, window(1, 1)), x]))
    case .divide:
      let y = try b.convolution(x, 6, window(1, 1), activation: Activation(.sigmoid))
      return try b.finish(b.graph.add(Binary(.divide), name: "divide", inputs: [x, y]))
    case .minimum: return try b.finish(b.graph.add(Binary(.minimum), name: "min", inputs: [b.convolution(x, 6, window(1, 1)), x]))
    case .maximum: return try b.finish(b.graph.add(Binary(.maximum), name: "max", inputs: [x, b.constant(Shape(1, 1, 1, 6), 1)]))
    case .sumWithSiLU:
      return try b.finish(
        b.graph.add(Binary(.add, activation: Activation(.silu)), name: "add", inputs: [x, b.convolution(x, 6, window(1, 1))]))
    case .maximumPool:
      return try b.finish(
        b.graph.add(Pool(.maximum, window: window(3, 2, stride: 2, pad: (1, 0, 1, 1))), name: "pool", inputs: [x]))
    case .averagePool:
      return try b.finish(
        b.graph.add(Pool(.average, window: window(3, 3, stride: 2, pad: (1, 1, 1, 1))), name: "pool", inputs: [x]))
    case .averagePoolCountingPadding:
      return try b.finish(
        b.graph.add(
          Pool(.average, window: window(2, 3, stride: 2, pad: (1, 1, 0, 1)), ceiling: true, countsPadding: true), name: "pool",
          inputs: [x]))
    case .concatenate:
      let y = try b.convolution(x, 3, window(1, 1), activation: .relu)
      return try b.finish(b.convolution(b.graph.add(Concatenate(axis: 3), name: "join", inputs: [y, x, y]), 5, window(1, 1)))
    case .pad:
      var pad = Pad(rank: 4, value: 0.7)
      pad.before[1] = 1
      pad.after[1] = 0
      pad.before[2] = 2
      pad.after[2] = 1
      pad.before[3] = 0
      pad.after[3] = 3
      return try b.finish(b.convolution(b.graph.add(pad, name: "pad", inputs: [x]), 5, window(2, 2, stride: 2)))
    case .sliceSteps: return try b.finish(b.graph.add(Slice(axis: 3, start: 4, step: -2, extent: 3), name: "slice", inputs: [x]))
    case .squeezeAndExcite:
      let squeezed = try b.convolution(
        b.graph.add(GlobalAveragePool(), name: "squeeze", inputs: [x]), 3, window(1, 1), activation: .relu)
      let gate = try b.convolution(squeezed, 6, window(1, 1), activation: Activation(.hardSigmoid, 1 / 6, 0.5))
      let scaled = try b.graph.add(Binary(.multiply), name: "excite", inputs: [x, gate])
      return try b.finish(b.convolution(scaled, 4, window(1, 1), activation: Activation(.hardSwish)))
    default: return try b.finish(x)
    }
  }
}

@Suite struct GradientTests {
  /// (f(w + h) - f(w - h)) / 2h for every weight, with h = 2^-9 and 2^-10: rounding and curvature stay below 2 %. Where the two
  /// disagree, a value crosses the bound of a clamp nearby and there is no derivative to compare with; a few pass unnoticed.
  @Test("Gradients agree with finite differences", arguments: GradientCase.allCases)
  func agreesWithFiniteDifferences(_ network: GradientCase) throws {
    let problem = try LinearLoss(network.network(), TrainingOptions(firstOperator: 0, batch: 2))
    problem.gradients()
    var checked = 0, wrong: [String] = []
    for index in 0..<problem.model.operatorCount {
      for input in 1...2 {
        guard let weights = problem.trainer.session.weights(operator: index, input: input),
          let gradient = problem.trainer.session.gradient(operator: index, input: input)
        else { continue }
        let analytic = (0..<gradient.count).map { gradient[$0] }
        let largest = analytic.reduce(0) { max($0, abs($1)) }
        #expect(largest > 0, "operator \(index), input \(input): no gradient arrives")
        func difference(_ i: Int, _ h: Float) -> Float {
          let kept = weights[i]
          weights[i] = kept + h
          let above = problem.loss()
          weights[i] = kept - h
          let below = problem.loss()
          weights[i] = kept
          return Float((above - below) / Double(2 * h))
        }
        for i in 0..<weights.count {
          let wide = difference(i, 0x1p-9)
          // Missing lanes of a panel are zeros, whatever stands in them.
          if analytic[i] == 0 && wide.magnitude < 1e-3 * largest { continue }
          checked += 1
          // A bias before a softmax over positions moves nothing: what is left of its gradient is rounding.
          if max(abs(wide), abs(analytic[i])) < 1e-6 { continue }
          if abs(wide - analytic[i]) <= 0.02 * max(largest, abs(wide)) { continue }
          let narrow = difference(i, 0x1p-10)
          if !network.isSmooth && abs(wide - narrow) > 0.005 * largest { continue }
          wrong.append(
            "operator \(index), input \(input), packed element \(i): backward \(analytic[i]), finite difference \(narrow)")
        }
      }
    }
    #expect(checked > 8)
    #expect(wrong.count <= (network.isSmooth ? 0 : checked / 15), "\(wrong.count) of \(checked) weights: \(wrong.prefix(4))")
  }

  /// As above, for some values of the tensor at the cut of each example.
  @Test("The gradient by the tensor at the cut agrees with finite differences", arguments: GradientCase.allCases)
  func cutGradient(_ network: GradientCase) throws {
    var options = TrainingOptions(firstOperator: 0, batch: 2)
    options.wantsCutGradient = true
    let problem = try LinearLoss(network.network(), options), count = problem.trainer.plan.cutCount
    problem.gradients()
    let analytic = (0..<2).flatMap { example -> [Float] in
      guard let gradient = problem.trainer.session.cutGradient(example) else { return [] }
      return (0..<count).map { gradient[$0] }
    }
    #expect(analytic.count == 2 * count)
    let largest = analytic.reduce(0) { max($0, abs($1)) }
    #expect(largest > 0)
    func difference(_ i: Int, _ h: Float) -> Float {
      let kept = problem.inputs[i]
      problem.inputs[i] = kept + h
      let above = problem.loss()
      problem.inputs[i] = kept - h
      let below = problem.loss()
      problem.inputs[i] = kept
      return Float((above - below) / Double(2 * h))
    }
    let asked = Array(stride(from: 0, to: analytic.count, by: 1 + analytic.count / 40))
    let wrong = asked.filter { i in
      let wide = difference(i, 0x1p-9)
      if abs(wide - analytic[i]) <= 0.02 * max(largest, abs(wide)) { return false }
      return network.isSmooth || abs(wide - difference(i, 0x1p-10)) <= 0.005 * largest
    }
    #expect(
      wrong.count <= (network.isSmooth ? 0 : asked.count / 15),
      "\(wrong.prefix(4).map { "value \($0): backward \(analytic[$0]), finite difference \(difference($0, 0x1p-10))" })")
  }

  @Test("A pass for the gradient by the cut leaves nothing behind, and none is kept unless it is wanted")
  func cutGradientAlone() throws {
    let plain = try LinearLoss(GradientCase.residual.network(), TrainingOptions(firstOperator: 0, batch: 2))
    plain.gradients()
    let unwanted = plain.trainer.session.cutGradient(0)
    #expect(unwanted == nil)
    var options = TrainingOptions(firstOperator: 0, batch: 2)
    options.wantsCutGradient = true
    let wanting = try LinearLoss(GradientCase.residual.network(), options)
    wanting.gradients()
    wanting.trainer.session.clearGradients()
    wanting.gradients()
    for index in 0..<plain.model.operatorCount {
      for input in 1...2 {
        guard let expected = plain.trainer.session.gradient(operator: index, input: input),
          let found = wanting.trainer.session.gradient(operator: index, input: input)
        else { continue }
        #expect((0..<expected.count).allSatisfy { expected[$0] == found[$0] }, "operator \(index), input \(input)")
      }
    }
    let (more, less) = (wanting.trainer.plan.activationByteCount, plain.trainer.plan.activationByteCount)
    #expect(more >= less)
  }

  @Test("Every instruction set and every batch split gives the same gradient bits")
  func bitsDoNotDependOnKernels() throws {
    var expected: [[UInt32]] = []
    for set in [InstructionSet.reference, .avx2, .avx512, .avxVNNI, .neon] {
      guard let kernels = Kernels(instructionSet: set) else { continue }
      let problem = try LinearLoss(GradientCase.residual.network(), TrainingOptions(firstOperator: 0, batch: 3), kernels: kernels)
      problem.gradients()
      let bits = (0..<problem.model.operatorCount).compactMap { index in
        problem.trainer.session.gradient(operator: index, input: 1).map { g in (0..<g.count).map { g[$0].bitPattern } }
      }
      if expected.isEmpty { expected = bits }
      for (index, (a, b)) in zip(bits, expected).enumerated() {
        let different = zip(a, b).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        #expect(
          different == nil,
          "\(set): weights of trained operator \(index) differ from the reference kernels' at element \(different ?? -1)")
      }
    }
    #expect(expected.count >= 3)
  }
}
