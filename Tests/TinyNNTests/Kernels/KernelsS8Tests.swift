import Testing
import TinyNN

@Suite struct KernelsS8Tests {
  static let matMulShapes: [(rows: Int, taps: Int, channels: Int, columns: Int)] = {
    var random = SeededGenerator(seed: 11)
    let awkward = (0..<250).map { _ in
      (rows: random.pick(1...13), taps: random.pick(1...9), channels: 4 * random.pick(1...12), columns: random.pick(1...150))
    }
    let everyTile = (1...20).flatMap { rows in [1, 15, 16, 17, 33, 64, 65, 144].map { (rows, 2, 28, $0) } }
    return awkward + everyTile + [(300, 1, 8, 20), (2, 1, 33_000, 17)]
  }()

  @Test(arguments: availableInstructionSets)
  func matMulEqualsReference(instructionSet: InstructionSet) throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 12)
    for shape in Self.matMulShapes {
      let testCase = MatMulS8Case(
        rows: shape.rows, taps: shape.taps, channels: shape.channels, columns: shape.columns,
        contiguous: random.pick(0...1) > 0, using: &random)
      if let difference = firstDifference(expected: testCase.output(reference), actual: testCase.output(kernels)) {
        Issue.record("\(instructionSet): \(testCase): \(difference)")
        return
      }
    }
  }

  @Test(arguments: availableInstructionSets)
  func depthwiseEqualsReference(instructionSet: InstructionSet) throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 13)
    for _ in 0..<500 {
      let testCase = DepthwiseS8Case(using: &random)
      let first = random.pick(0...testCase.shape.outputHeight - 1)
      let rows = first..<random.pick(first + 1...testCase.shape.outputHeight)
      let difference = firstDifference(
        expected: testCase.output(reference, rows: rows), actual: testCase.output(kernels, rows: rows))
      if let difference {
        Issue.record("\(instructionSet): \(testCase) rows \(rows): \(difference)")
        return
      }
    }
  }

  @Test(arguments: availableInstructionSets)
  func addEqualsReference(instructionSet: InstructionSet) throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 14)
    for count in 1...200 {
      let testCase = AddS8Case(count: count, using: &random)
      if let difference = firstDifference(expected: testCase.output(reference), actual: testCase.output(kernels)) {
        Issue.record("\(instructionSet): \(testCase): \(difference)")
        return
      }
      if let difference = firstDifference(expected: testCase.product(reference), actual: testCase.product(kernels)) {
        Issue.record("\(instructionSet): product, \(testCase): \(difference)")
        return
      }
    }
  }

  /// What the interface says, in wider arithmetic where it changes nothing.
  private func requantized(_ sum: Int, _ multiplier: Float, _ range: (zeroPoint: Int32, minimum: Int32, maximum: Int32)) -> Int8 {
    quantized(Float(sum) * multiplier, range)
  }

  private func quantized(_ value: Float, _ range: (zeroPoint: Int32, minimum: Int32, maximum: Int32)) -> Int8 {
    let low = Double(range.minimum - range.zeroPoint), high = Double(range.maximum - range.zeroPoint)
    return Int8(max(low, min(high, Double(value))).rounded(.toNearestOrEven) + Double(range.zeroPoint))
  }

  @Test func matMulReferenceEqualsTheDefinition() throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    var random = SeededGenerator(seed: 15)
    for _ in 0..<40 {
      let testCase = MatMulS8Case(rows: 5, taps: 3, channels: 8, columns: 19, contiguous: false, using: &random)
      let output = testCase.output(reference)
      for row in 0..<5 {
        for column in 0..<19 {
          var sum = Int(testCase.bias[column])
          for index in 0..<24 {
            let offset = Int(testCase.offsets![row * 3 + index / 8])
            let x = offset < 0 ? 0 : Int(testCase.input[offset + index % 8]) - Int(testCase.inputZeroPoint)
            sum += x * Int(testCase.weights[column * 24 + index])
          }
          let expected = requantized(sum, testCase.multipliers[column], testCase.range)
          let actual = output[row * testCase.outputStride + column]
          #expect(actual == expected, "\(testCase) row \(row) column \(column) sum \(sum)")
        }
      }
    }
  }

  @Test func depthwiseReferenceEqualsTheDefinition() throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    var random = SeededGenerator(seed: 16)
    for _ in 0..<40 {
      let testCase = DepthwiseS8Case(using: &random)
      let s = testCase.shape
      let output = testCase.output(reference, rows: 0..<s.outputHeight)
      for (index, actual) in output.enumerated() {
        let (y, x, channel) = (index / s.channels / s.outputWidth, index / s.channels % s.outputWidth, index % s.channels)
        var sum = Int(testCase.bias[channel])
        for tap in 0..<s.kernelHeight * s.kernelWidth {
          let inputY = y * s.strideY - s.padTop + tap / s.kernelWidth * s.dilationY
          let inputX = x * s.strideX - s.padLeft + tap % s.kernelWidth * s.dilationX
          guard (0..<s.inputHeight).contains(inputY), (0..<s.inputWidth).contains(inputX) else { continue }
          let value = Int(testCase.input[(inputY * s.inputWidth + inputX) * s.channels + channel])
          sum += (value - Int(testCase.inputZeroPoint)) * Int(testCase.weights[tap * s.channels + channel])
        }
        let expected = requantized(sum, testCase.multipliers[channel], testCase.range)
        try #require(actual == expected, "\(testCase) element \(index) sum \(sum)")
      }
    }
  }

  @Test func addReferenceEqualsTheDefinition() throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    var random = SeededGenerator(seed: 17)
    for _ in 0..<20 {
      let testCase = AddS8Case(count: 100, using: &random)
      let output = testCase.output(reference), products = testCase.product(reference)
      for index in 0..<100 {
        let first = Float(Int32(testCase.a[index]) - testCase.zeroA) * testCase.scaleA
        let second = Float(Int32(testCase.b[index]) - testCase.zeroB) * testCase.scaleB
        #expect(output[index] == quantized(first + second, testCase.range), "\(testCase) element \(index)")
        let product = (Int32(testCase.a[index]) - testCase.zeroA) * (Int32(testCase.b[index]) - testCase.zeroB)
        #expect(
          products[index] == quantized(Float(product) * (testCase.scaleB / 64), testCase.range),
          "product, \(testCase) element \(index)")
      }
    }
  }
}
