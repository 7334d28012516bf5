import CTinyNN
import Synchronization
public import TinyNN

/// Matrix multiplication through OpenBLAS, one OpenBLAS thread per call; without the promise of equal bits.
///
/// Weights are unpacked once, at the first call that uses them, and kept until the backend goes away; their memory must
/// not change meanwhile.
public final class OpenBLASBackend: Sendable {
  private let weights = Mutex<[WeightKey: UnpackedWeights]>([:])
  fileprivate let library: OpenBLASLibrary

  /// Nil where OpenBLAS is not installed.
  public init?() {
    guard let library = OpenBLASLibrary.installed else { return nil }
    self.library = library
  }

  /// `base` with matrix multiplication by this backend, which must outlive every use of the result.
  public func kernels(over base: Kernels = .best) -> Kernels {
    // The function is called with this very context, and the caller keeps the backend alive.
    unsafe Kernels(base, matMul: openBLASMatMul, context: Unmanaged.passUnretained(self).toOpaque())
  }

  fileprivate func unpacked(_ m: TinyNNMatMulF32) -> UnpackedWeights {
    let depth = unsafe m.taps * m.channels
    let key = unsafe WeightKey(address: UInt(bitPattern: m.weights), columns: m.columns, depth: depth)
    return weights.withLock { known in
      if let found = known[key] { return found }
      let made = unsafe UnpackedWeights(m.weights, columns: Int(m.columns), depth: Int(depth))
      known[key] = made
      return made
    }
  }
}

private struct WeightKey: Hashable, Sendable {
  let address: UInt
  let columns, depth: Int32
}

/// Weights [depth][columns], as sgemm takes them.
private final class UnpackedWeights: Sendable {
  let values: [Float]

  @unsafe
  init(_ packed: UnsafePointer<Float>, columns: Int, depth: Int) {
    let panel = Int(TINYNN_PANEL_COLUMNS)
    values = unsafe [Float](unsafeUninitializedCapacity: columns * depth) { buffer, count in
      for index in 0..<depth {
        for column in 0..<columns {
          // In bounds by the layout of packed weights.
          unsafe buffer.initializeElement(
            at: index * columns + column, to: packed[(column / panel * depth + index) * panel + column % panel])
        }
      }
      count = columns * depth
    }
  }
}

private func openBLASMatMul(_ operands: UnsafePointer<TinyNNMatMulF32>, _ context: UnsafeMutableRawPointer?) {
  guard let context = unsafe context else { return }
  // Every pointer below stays inside the memory that the operands describe, for which the caller answers.
  let backend = unsafe Unmanaged<OpenBLASBackend>.fromOpaque(context).takeUnretainedValue()
  let m = unsafe operands.pointee
  let unpacked = unsafe backend.unpacked(m)
  unsafe fillWithBias(m)
  if let start = unsafe contiguousStart(m) {
    unsafe multiply(m, rows: start, unpacked, backend.library)
  } else {
    let rowLength = unsafe Int(m.taps * m.channels)
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: Int(m.rows) * rowLength) { gathered in
      unsafe gather(m, into: gathered)
      if let rows = gathered.baseAddress { unsafe multiply(m, rows: UnsafePointer(rows), unpacked, backend.library) }
    }
  }
  unsafe clampOutput(m)
}

/// The first element of the rows if they lie one after another, else nil.
@unsafe
private func contiguousStart(_ m: TinyNNMatMulF32) -> UnsafePointer<Float>? {
  guard let offsets = unsafe m.offsets else { return unsafe m.input }
  let first = unsafe offsets[0]
  guard first >= 0 else { return nil }
  for index in unsafe 0..<Int(m.rows * m.taps) where unsafe offsets[index] != first + Int32(index) * m.channels {
    return nil
  }
  return unsafe m.input + Int(first)
}

@unsafe
private func gather(_ m: TinyNNMatMulF32, into gathered: UnsafeMutableBufferPointer<Float>) {
  guard let offsets = unsafe m.offsets, let base = gathered.baseAddress else { return }
  let channels = unsafe Int(m.channels)
  for index in unsafe 0..<Int(m.rows * m.taps) {
    let offset = unsafe Int(offsets[index])
    unsafe (base + index * channels).initialize(from: offset < 0 ? m.zeros : m.input + offset, count: channels)
  }
}

@unsafe
private func fillWithBias(_ m: TinyNNMatMulF32) {
  for row in unsafe 0..<Int(m.rows) {
    unsafe (m.output + row * Int(m.outputStride)).update(from: m.bias, count: Int(m.columns))
  }
}

@unsafe
private func multiply(
  _ m: TinyNNMatMulF32, rows: UnsafePointer<Float>, _ unpacked: UnpackedWeights, _ library: OpenBLASLibrary
) {
  let depth = unsafe m.taps * m.channels
  unsafe unpacked.values.withUnsafeBufferPointer { weights in
    unsafe library.sgemm(
      OpenBLASLibrary.rowMajor, OpenBLASLibrary.notTransposed, OpenBLASLibrary.notTransposed, m.rows, m.columns, depth, 1, rows,
      depth, weights.baseAddress,
      m.columns, 1, m.output, m.outputStride)
  }
}

@unsafe
private func clampOutput(_ m: TinyNNMatMulF32) {
  guard unsafe m.minimum > -.infinity || m.maximum < .infinity else { return }
  for row in unsafe 0..<Int(m.rows) {
    let output = unsafe m.output + row * Int(m.outputStride)
    for column in unsafe 0..<Int(m.columns) {
      let value = unsafe output[column]
      unsafe output[column] = value < m.minimum ? m.minimum : (value > m.maximum ? m.maximum : value)
    }
  }
}
