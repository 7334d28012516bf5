import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// int8 operators against the same arithmetic in Double on awkward shapes. The products and sums of integers are exact there;
/// only the one multiplication of requantization is rounded differently, so a result may differ by one where it lies within
/// a millionth of a tie.
@Suite struct Int8OperatorTests {
  struct Case: CustomStringConvertible, Sendable {
    let height = 7
    let width = 5
    var channels: Int
    var outputs: Int
    var groups = 1
    var kernel = 3
    var stride = 1
    var dilation = 1
    var pad = 1
    var activation = Activation.relu6
    var description: String {
      "\(height)x\(width)x\(channels) -> \(outputs), groups \(groups), kernel \(kernel), "
        + "stride \(stride), dilation \(dilation), pad \(pad)"
    }
    var window: Window {
      var window = Window(height: kernel, width: kernel)
      window.strideY = stride
      window.strideX = stride
      window.dilationY = dilation
      window.dilationX = dilation
      window.padTop = pad
      window.padLeft = pad
      window.padBottom = pad
      window.padRight = pad
      return window
    }
  }

  static let convolutions = [
    Case(channels: 3, outputs: 17), Case(channels: 8, outputs: 16), Case(channels: 12, outputs: 5, stride: 2),
    Case(channels: 10, outputs: 33, dilation: 2, pad: 2), Case(channels: 16, outputs: 20, kernel: 1, pad: 0),
    Case(channels: 7, outputs: 3, kernel: 1, pad: 0, activation: .none), Case(channels: 24, outputs: 6, groups: 3),
    Case(channels: 6, outputs: 4, groups: 2, activation: .relu),
  ]

  @Test("Convolution", arguments: convolutions)
  func convolution(shape: Case) throws {
    try check(shape, depthwise: false)
  }

  @Test(
    "Depthwise convolution",
    arguments: [
      Case(channels: 3, outputs: 3), Case(channels: 17, outputs: 17, stride: 2), Case(channels: 32, outputs: 32, kernel: 5, pad: 2),
      Case(channels: 19, outputs: 19, dilation: 2, pad: 2, activation: .none),
    ])
  func depthwise(shape: Case) throws {
    try check(shape, depthwise: true)
  }

  private func check(_ c: Case, depthwise: Bool) throws {
    var random = Numbers(seed: UInt64(c.channels * 31 + c.outputs))
    let perGroup = c.channels / c.groups
    let weightShape = depthwise ? Shape(c.kernel, c.kernel, c.channels) : Shape(c.outputs, c.kernel, c.kernel, perGroup)
    let input = (0..<c.height * c.width * c.channels).map { _ in random.int8() }
    let weights = (0..<weightShape.count).map { _ in max(-127, random.int8()) }
    let bias = (0..<c.outputs).map { _ in Int32(random.int8()) * 40 }
    let multipliers = (0..<c.outputs).map { _ in 0.0005 + 0.0001 * Float(abs(Int(random.int8()))) }
    let from = Quantization(scale: 0.05, zeroPoint: -11), to = Quantization(scale: 0.04, zeroPoint: 9)

    // The convolution's bias holds the zero point's share.
    var folded = bias
    if !depthwise {
      let depth = weights.count / c.outputs
      for i in weights.indices { folded[i / depth] -= from.zeroPoint * Int32(weights[i]) }
    }
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape(1, c.height, c.width, c.channels)))
    let q = try graph.add(Quantize(), name: "q", inputs: [x], quantization: from)
    let constants = [
      graph.addConstant("w", weightShape, int8: weights), graph.addConstant("b", Shape(c.outputs), int32: folded),
      graph.addConstant("m", Shape(c.outputs), multipliers),
    ]
    let y =
      depthwise
      ? try graph.add(
        DepthwiseConvolution(window: c.window, activation: c.activation), name: "y", inputs: [q] + constants, quantization: to)
      : try graph.add(
        Convolution(window: c.window, groups: c.groups, activation: c.activation), name: "y", inputs: [q] + constants,
        quantization: to)
    graph.outputs = [try graph.add(Dequantize(), name: "z", inputs: [y])]

    let outputShape = graph.shape(y)
    let low = Double(to.quantize(c.activation == .none ? -.infinity : 0))
    let high = Double(to.quantize(c.activation == .relu6 ? 6 : .infinity))
    var expected: [Double] = []
    for oy in 0..<outputShape[1] {
      for ox in 0..<outputShape[2] {
        for o in 0..<c.outputs {
          var sum = Double(bias[o])
          for ky in 0..<c.kernel {
            for kx in 0..<c.kernel {
              let (iy, ix) = (oy * c.stride - c.pad + ky * c.dilation, ox * c.stride - c.pad + kx * c.dilation)
              guard (0..<c.height).contains(iy), (0..<c.width).contains(ix) else { continue }
              let base = (iy * c.width + ix) * c.channels
              if depthwise {
                sum += Double(Int32(input[base + o]) - from.zeroPoint) * Double(weights[(ky * c.kernel + kx) * c.channels + o])
              } else {
                for i in 0..<perGroup {
                  let value = Int32(input[base + o / (c.outputs / c.groups) * perGroup + i]) - from.zeroPoint
                  sum += Double(value) * Double(weights[((o * c.kernel + ky) * c.kernel + kx) * perGroup + i])
                }
              }
            }
          }
          expected.append(min(high, max(low, sum * Double(multipliers[o]) + Double(to.zeroPoint))))
        }
      }
    }
    let values = input.map { from.dequantize($0) }
    let kernels: [Kernels] = allInstructionSets.compactMap { Kernels(instructionSet: $0) }
    #expect(!kernels.isEmpty)
    for (index, kernel) in kernels.enumerated() {
      for threads in [1, 3] {
        let found = try run(graph, [values], threads: threads, kernels: kernel)[0]
        for i in expected.indices {
          let step = Double(found[i] / to.scale) + Double(to.zeroPoint)
          #expect(
            abs(step.rounded() - expected[i]) <= 0.5001,
            "\(c), kernels \(index), threads \(threads), element \(i): \(step), exact \(expected[i])")
        }
      }
    }
  }

  @Test("A dense layer with a depth that is no multiple of 4", arguments: [1, 7, 16, 45])
  func dense(depth: Int) throws {
    var random = Numbers(seed: UInt64(depth))
    let (from, to) = (Quantization(scale: 0.1, zeroPoint: 3), Quantization(scale: 0.2, zeroPoint: -5))
    let input = (0..<3 * depth).map { _ in random.int8() }, weights = (0..<19 * depth).map { _ in max(-127, random.int8()) }
    let bias = (0..<19).map { column in
      -from.zeroPoint * weights[column * depth..<(column + 1) * depth].reduce(0) { $0 + Int32($1) }
    }
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape(3, depth)))
    let q = try graph.add(Quantize(), name: "q", inputs: [x], quantization: from)
    let y = try graph.add(
      Dense(), name: "y",
      inputs: [
        q, graph.addConstant("w", Shape(19, depth), int8: weights), graph.addConstant("b", Shape(19), int32: bias),
        graph.addConstant("m", Shape(19), [Float](repeating: 0.003, count: 19)),
      ], quantization: to)
    graph.outputs = [try graph.add(Dequantize(), name: "z", inputs: [y])]
    let found = try run(graph, [input.map { from.dequantize($0) }])[0]
    for row in 0..<3 {
      for column in 0..<19 {
        var sum = 0
        for i in 0..<depth { sum += (Int(input[row * depth + i]) - 3) * Int(weights[column * depth + i]) }
        let exact = min(127, max(-128, Double(sum) * Double(Float(0.003)) - 5))
        let step = Double(found[row * 19 + column] / to.scale).rounded() - 5
        #expect(abs(step - exact) <= 0.5001, "depth \(depth), [\(row), \(column)]: \(step), exact \(exact)")
      }
    }
  }

  @Test(
    "Sums and products, along and broadcast", arguments: [Binary.Function.add, .multiply], [Shape(1, 3, 5, 7), Shape(1, 1, 1, 7)])
  func binary(function: Binary.Function, shape: Shape) throws {
    var random = Numbers(seed: 5)
    let maps = [
      Quantization(scale: 0.03, zeroPoint: -20), Quantization(scale: 0.05, zeroPoint: 40), Quantization(scale: 0.07, zeroPoint: 4),
    ]
    let a = (0..<105).map { _ in random.int8() }, b = (0..<shape.count).map { _ in random.int8() }
    var graph = Graph()
    let x = graph.addInput("a", TensorType(.float32, Shape(1, 3, 5, 7))), y = graph.addInput("b", TensorType(.float32, shape))
    let operands = [
      try graph.add(Quantize(), name: "qa", inputs: [x], quantization: maps[0]),
      try graph.add(Quantize(), name: "qb", inputs: [y], quantization: maps[1]),
    ]
    let sum = try graph.add(Binary(function), name: "c", inputs: operands, quantization: maps[2])
    graph.outputs = [try graph.add(Dequantize(), name: "z", inputs: [sum])]
    let found = try run(graph, [a.map { maps[0].dequantize($0) }, b.map { maps[1].dequantize($0) }])[0]
    for i in a.indices {
      let left = Double(Int(a[i]) + 20) * 0.03
      let right = Double(Int(b[i % shape.count]) - 40) * 0.05
      let real: Double = function == .add ? left + right : left * right
      let exact = min(127, max(-128, real / 0.07 + 4))
      let step = Double(found[i] / maps[2].scale).rounded() + 4
      #expect(abs(step - exact) <= 0.5001, "\(function) \(shape), element \(i): \(step), exact \(exact)")
    }
  }

  @Test func aGlobalAverageOfInt8IsExactInFloat() throws {
    let map = Quantization(scale: 0.5, zeroPoint: 10)
    let values: [Int8] = (0..<48).map { (i: Int) -> Int8 in Int8(i * 5 - 120) }
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape(1, 4, 4, 3)))
    let q = try graph.add(Quantize(), name: "q", inputs: [x], quantization: map)
    graph.outputs = [try graph.add(GlobalAveragePool(), name: "y", inputs: [q])]
    let found = try run(graph, [values.map { map.dequantize($0) }])[0]
    for channel in 0..<3 {
      var sum = 0
      for i in stride(from: channel, to: 48, by: 3) { sum += Int(values[i]) - 10 }
      #expect(found[channel] == Float(sum) * 0.5 / 16)
    }
  }

  @Test func quantizeRoundsTiesToEvenAndTakesAnything() {
    let map = Quantization(scale: 1, zeroPoint: 0)
    #expect([0.5, 1.5, 2.5, -0.5, -1.5].map { map.quantize(Float($0)) } == [0, 2, 2, 0, -2])
    #expect(map.quantize(.infinity) == 127 && map.quantize(-.infinity) == -128 && map.quantize(.nan) == -128)
  }
}

private let allInstructionSets: [InstructionSet] = (0...UInt8.max).compactMap(InstructionSet.init(rawValue:))

private struct Numbers {
  var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func int8() -> Int8 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int8(truncatingIfNeeded: state >> 41)
  }
}
