import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// int8 operators that choose, move or average values, against plain loops over arrays: exact.
@Suite struct Int8MovementTests {
  static let map = Quantization(scale: 0.25, zeroPoint: -7)

  /// Runs one operator on int8 values and gives its int8 results, with one and with three threads.
  private func results<O: Operator>(of operation: O, _ inputs: [(shape: Shape, values: [Int8])]) throws -> [[Int8]] {
    let map = Int8MovementTests.map
    var graph = Graph()
    var operands: [Graph.TensorID] = []
    for (index, input) in inputs.enumerated() {
      let x = graph.addInput("x\(index)", TensorType(.float32, input.shape))
      operands.append(try graph.add(Quantize(), name: "q\(index)", inputs: [x], quantization: map))
    }
    let y = try graph.add(operation, name: "y", inputs: operands, quantization: map)
    graph.outputs = [try graph.add(Dequantize(), name: "z", inputs: [y])]
    let values = inputs.map { $0.values.map { map.dequantize($0) } }
    return try [1, 3].map { threads in try run(graph, values, threads: threads)[0].map { map.quantize($0) } }
  }

  private func numbers(_ count: Int, seed: Int = 1) -> [Int8] {
    (0..<count).map { Int8(truncatingIfNeeded: ($0 + seed) * 2_654_435_761 >> 13) }
  }

  private func expectSame(_ found: [[Int8]], _ expected: [Int8], _ what: String) {
    for (threads, values) in zip([1, 3], found) {
      #expect(values.count == expected.count, "\(what), \(threads) threads")
      let first = zip(values, expected).enumerated().first { $0.element.0 != $0.element.1 }
      #expect(
        first == nil,
        "\(what), \(threads) threads: element \(first?.offset ?? 0) is \(first?.element.0 ?? 0), not \(first?.element.1 ?? 0)")
    }
  }

  struct PoolCase: Sendable, CustomStringConvertible {
    var kernel: Int, stride: Int, pad: Int, dilation = 1, channels: Int
    var description: String { "kernel \(kernel), stride \(stride), pad \(pad), dilation \(dilation), channels \(channels)" }
  }

  @Test(
    "Pools", arguments: [Pool.Function.maximum, .average],
    [
      PoolCase(kernel: 2, stride: 2, pad: 0, channels: 5), PoolCase(kernel: 3, stride: 2, pad: 1, channels: 64),
      PoolCase(kernel: 3, stride: 1, pad: 1, channels: 17), PoolCase(kernel: 3, stride: 2, pad: 2, dilation: 2, channels: 3),
    ])
  func pools(function: Pool.Function, shape: PoolCase) throws {
    let (height, width, channels) = (9, 7, shape.channels)
    var window = Window(height: shape.kernel, width: shape.kernel)
    window.strideY = shape.stride
    window.strideX = shape.stride
    window.dilationY = shape.dilation
    window.dilationX = shape.dilation
    window.padTop = shape.pad
    window.padLeft = shape.pad
    window.padBottom = shape.pad
    window.padRight = shape.pad
    let input = numbers(height * width * channels)
    let extent = { (size: Int) in (size + 2 * shape.pad - shape.dilation * (shape.kernel - 1) - 1) / shape.stride + 1 }
    var expected: [Int8] = []
    for y in 0..<extent(height) {
      for x in 0..<extent(width) {
        for channel in 0..<channels {
          var taps: [Int] = []
          for ky in 0..<shape.kernel {
            for kx in 0..<shape.kernel {
              let (iy, ix) = (
                y * shape.stride - shape.pad + ky * shape.dilation, x * shape.stride - shape.pad + kx * shape.dilation
              )
              if (0..<height).contains(iy), (0..<width).contains(ix) {
                taps.append(Int(input[(iy * width + ix) * channels + channel]))
              }
            }
          }
          let zero = Int(Int8MovementTests.map.zeroPoint)
          let mean = Double(taps.reduce(0) { $0 + $1 - zero }) / Double(taps.count)
          expected.append(function == .maximum ? Int8(taps.max()!) : Int8(Int(mean.rounded(.toNearestOrEven)) + zero))
        }
      }
    }
    let found = try results(of: Pool(function, window: window), [(Shape(1, height, width, channels), input)])
    expectSame(found, expected, "\(function) \(shape)")
  }

  @Test("Tensors one after the other along an axis", arguments: 0...3)
  func concatenates(axis: Int) throws {
    var shapes = [Shape(2, 3, 4, 5), Shape(2, 3, 4, 5)]
    shapes[1][axis] = 3
    let values = [numbers(shapes[0].count), numbers(shapes[1].count, seed: 99)]
    let outer = shapes[0].count(in: 0..<axis)
    var expected: [Int8] = []
    for row in 0..<outer {
      for (shape, elements) in zip(shapes, values) {
        let length = shape.count(in: axis..<4)
        expected += elements[row * length..<(row + 1) * length]
      }
    }
    let found = try results(of: Concatenate(axis: axis), [(shapes[0], values[0]), (shapes[1], values[1])])
    expectSame(found, expected, "axis \(axis)")
  }

  @Test("Every so many elements of an axis, also backwards", arguments: [(1, 2, 1, 4), (2, 6, -2, 3), (3, 1, 3, 2), (0, 1, 1, 1)])
  func slices(axis: Int, start: Int, step: Int, extent: Int) throws {
    let shape = Shape(2, 6, 7, 5), input = numbers(shape.count)
    let inner = shape.count(in: axis + 1..<4)
    var expected: [Int8] = []
    for row in 0..<shape.count(in: 0..<axis) {
      for i in 0..<extent {
        let from = (row * shape[axis] + start + i * step) * inner
        expected += input[from..<from + inner]
      }
    }
    let found = try results(of: Slice(axis: axis, start: start, step: step, extent: extent), [(shape, input)])
    expectSame(found, expected, "axis \(axis), start \(start), step \(step), extent \(extent)")
  }

  @Test("Axes in another order", arguments: [[0, 3, 1, 2], [0, 2, 3, 1], [3, 2, 1, 0], [1, 0, 2, 3]])
  func transposes(axes: [Int]) throws {
    let shape = Shape(2, 3, 4, 5), input = numbers(shape.count)
    let strides = [60, 20, 5, 1]
    var expected: [Int8] = []
    for a in 0..<shape[axes[0]] {
      for b in 0..<shape[axes[1]] {
        for c in 0..<shape[axes[2]] {
          for d in 0..<shape[axes[3]] {
            expected.append(input[a * strides[axes[0]] + b * strides[axes[1]] + c * strides[axes[2]] + d * strides[axes[3]]])
          }
        }
      }
    }
    let found = try results(of: Transpose(Permutation(axes[0], axes[1], axes[2], axes[3])), [(shape, input)])
    expectSame(found, expected, "\(axes)")
  }

  @Test("A quantized constant around a tensor", arguments: [0, 1.5, -100] as [Float])
  func pads(value: Float) throws {
    let shape = Shape(1, 3, 4, 5), input = numbers(shape.count)
    var pad = Pad(rank: 4, value: value)
    pad.before[1] = 1
    pad.after[1] = 2
    pad.before[2] = 2
    pad.after[2] = 0
    pad.after[3] = 3
    let outside = Int8MovementTests.map.quantize(value)
    var expected: [Int8] = []
    for y in -1..<5 {
      for x in -2..<4 {
        for channel in 0..<8 {
          let isInside = (0..<3).contains(y) && x >= 0 && channel < 5
          expected.append(isInside ? input[(y * 4 + x) * 5 + channel] : outside)
        }
      }
    }
    expectSame(try results(of: pad, [(shape, input)]), expected, "value \(value)")
  }
}
