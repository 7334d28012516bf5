import CTinyNN
import Testing

@testable import TinyNN

@Suite struct ActivateTests {
  static var functions: [(name: String, code: Int, function: (Float) -> Float)] {
    [
      ("exponential", Int(TINYNN_EXPONENTIAL), { exponential($0 - 0.375) }),
      ("sigmoid", Int(TINYNN_SIGMOID), { Activation(.sigmoid).value($0) }),
      ("silu", Int(TINYNN_SILU), { Activation(.silu).value($0) }),
      ("gelu", Int(TINYNN_GELU), { Activation(.gelu).value($0) }),
    ]
  }

  /// Every length of a last vector; among the values zeros, subnormals and what leaves the range of the polynomials.
  @Test(arguments: availableInstructionSets)
  func equalsTheFunctionsOfSwift(instructionSet: InstructionSet) throws {
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 15)
    for (name, code, function) in Self.functions {
      for count in 1...70 {
        let scale: Float = count % 4 == 0 ? 100 : 3
        var values = random.values(count).map { $0 * scale }
        if count == 70 { values.replaceSubrange(0..<5, with: [3e38, -3e38, 88.5, -87.4, -88]) }
        var result = [Float](repeating: untouched, count: count + 1)
        // Both arrays are alive during the call.
        let done = unsafe result.withUnsafeMutableBufferPointer { output in
          unsafe values.withUnsafeBufferPointer { input in
            unsafe kernels.activate(
              TinyNNActivateF32(
                input: input.baseAddress!, output: output.baseAddress!, count: Int32(count), function: Int32(code), shift: 0.375))
          }
        }
        if !done { return }
        let expected = values.map(function) + [untouched]
        if let difference = firstDifference(expected: expected, actual: result) {
          Issue.record("\(instructionSet): \(name), \(count) values: \(difference)")
          return
        }
      }
    }
  }
}
