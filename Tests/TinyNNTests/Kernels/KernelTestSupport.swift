import TestSupport
import TinyNN

/// Every instruction set but the reference that this machine can run.
let availableInstructionSets = (UInt8.min...UInt8.max)
  .compactMap(InstructionSet.init(rawValue:))
  .filter { $0 != .reference && $0.isAvailable }

typealias SeededGenerator = TestSupport.SeededGenerator

extension SeededGenerator {
  /// Values in -2..<2, among them zeros of both signs and subnormals, so that ties and tiny sums occur.
  mutating func values(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      switch UInt8.random(in: 0..<32, using: &self) {
      case 0: 0
      case 1: -0.0
      case 2: Float.leastNonzeroMagnitude * Float(Int32.random(in: -1000...1000, using: &self))
      default: Float.random(in: -2..<2, using: &self)
      }
    }
  }

  /// Bounds of the kinds that activations have, and crossed zeros of both signs.
  mutating func bounds() -> (minimum: Float, maximum: Float) {
    let choices: [(Float, Float)] = [
      (-.infinity, .infinity), (0, .infinity), (-0.0, .infinity), (0, 6), (-.infinity, 0), (-1, 1), (-0.0, 0), (0, 0),
    ]
    return choices.randomElement(using: &self)!
  }
}

/// Constant input `index` of `operation`, row-major `values` of `shape`, as the file holds it for the kernels: `count` elements,
/// zeros where nothing is written.
func packed<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>(
  _ values: [Element], _ shape: Shape, input index: Int, of operation: some TinyNN.Operator, count: Int
) -> [Element] {
  var packed = [Element](repeating: 0, count: count)
  // Both arrays are alive during the call.
  unsafe packed.withUnsafeMutableBytes { target in
    unsafe values.withUnsafeBytes { source in
      var span = unsafe MutableRawSpan(_unsafeBytes: target)
      operation.pack(input: index, shape, unsafe ByteRegion(source), into: &span)
    }
  }
  return packed
}

/// Values per output channel, as the file holds them for the kernels.
func packedChannels<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>(_ values: [Element]) -> [Element] {
  packed(values, Shape(values.count), input: 2, of: Dense(), count: PanelPacking.padded(values.count))
}

/// The value that outputs hold before a kernel runs; what a kernel must not write still holds it afterwards.
let untouched = Float(bitPattern: 0x7FC0_1234)

/// The first element whose bits differ, as text, or nil.
func firstDifference(expected: [Float], actual: [Float]) -> String? {
  for index in expected.indices where expected[index].bitPattern != actual[index].bitPattern {
    let bits = [expected[index], actual[index]].map { String($0.bitPattern, radix: 16) }
    return "element \(index): expected \(expected[index]) (\(bits[0])), got \(actual[index]) (\(bits[1]))"
  }
  return nil
}
