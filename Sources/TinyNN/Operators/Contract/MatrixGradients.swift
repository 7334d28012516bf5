/// Gradients of a matrix product with packed weights, by the forward kernel: Y = X W gives dX = dY W^T and dW = X^T dY, which
/// are products of the same kind once an operand is transposed. So training has the order of summation, the bits and the speed
/// of inference on every machine.
///
/// Rows are taken in blocks, so that scratch memory does not grow with the image.
struct MatrixGradients {
  /// Rows of one product, at most.
  static let mostRows = 256
  let rows: Int
  /// Input channels of one tap, and outputs.
  let depth: Int
  let columns: Int
  let taps: Int

  /// Columns `start` ..< start + columns of a row-major matrix with rows of `stride` values.
  struct Columns {
    let elements: Elements<Float>
    let start: Int
    let stride: Int

    init(_ elements: Elements<Float>, start: Int, stride: Int) {
      self.elements = elements
      self.start = start
      self.stride = stride
    }
  }

  /// Rows of one product: blocks as even as whole vectors allow.
  var block: Int {
    let blocks = (rows + MatrixGradients.mostRows - 1) / MatrixGradients.mostRows
    return min(rows, ((rows + blocks - 1) / blocks + 7) / 8 * 8)
  }

  private var paddedColumns: Int { PanelPacking.padded(columns) }
  private var paddedDepth: Int { PanelPacking.padded(depth) }

  // Scratch: zeros | offsets | packed W^T | dY W^T | X^T | packed dY | X^T dY. The two products are not needed at once.
  private var zerosSize: Int { Format.aligned(4 * max(paddedColumns, paddedDepth)) }
  private var offsetsSize: Int { Format.aligned(4 * block) }
  private var weightsSize: Int { Format.aligned(4 * paddedDepth * columns) }
  private var productSize: Int { Format.aligned(4 * block * depth) }
  private var packedSize: Int { Format.aligned(4 * block * paddedColumns) }
  private var resultSize: Int { Format.aligned(4 * depth * paddedColumns) }
  private var weightsStart: Int { zerosSize + offsetsSize }
  private var productStart: Int { weightsStart + weightsSize }
  private var packedStart: Int { productStart + productSize }
  private var resultStart: Int { packedStart + packedSize }
  var scratchByteCount: Int { resultStart + resultSize }

  /// Zeros for `multiply`'s bias.
  func zeros(_ scratch: ScratchMemory) -> Elements<Float> {
    let zeros = scratch.floats(at: 0, count: zerosSize / 4)
    for i in 0..<zeros.count { zeros[i] = 0 }
    return zeros
  }

  /// Packs W^T of one tap: panels of 16 input channels over the outputs.
  func transposeWeights(_ weights: Elements<Float>, tap: Int, _ scratch: ScratchMemory) {
    let target = scratch.floats(at: weightsStart, count: paddedDepth * columns)
    let width = PanelPacking.width, stride = taps * depth * width
    for panel in 0..<paddedDepth / width {
      let channels = min(width, depth - panel * width), source = (tap * depth + panel * width) * width
      for column in 0..<columns {
        let from = column / width * stride + column % width + source, to = (panel * columns + column) * width
        if channels == width, column % 4 == 0, column + 4 <= columns {
          for lane in Swift.stride(from: 0, to: width, by: 4) {
            let start = from &+ lane &* width
            weights.transpose4x4(
              start, start &+ width, start &+ 2 &* width, start &+ 3 &* width, to: target, at: to &+ lane, stride: width)
          }
        } else if channels < width || column >= columns / 4 * 4 {
          for lane in 0..<width { target[to + lane] = lane < channels ? weights[from + lane * width] : 0 }
        }
      }
    }
  }

  /// Rows `first` ..< first + count of dY times the packed W^T: [count][depth].
  func multiplyByWeights(
    _ dY: Columns, _ first: Int, _ count: Int, _ zeros: Elements<Float>, _ kernels: Kernels, _ scratch: ScratchMemory
  ) -> Elements<Float> {
    let product = scratch.floats(at: productStart, count: count * depth)
    let offsets = scratch.int32s(at: zerosSize, count: count)
    for row in 0..<count { offsets[row] = Int32(truncatingIfNeeded: (first + row) * dY.stride + dY.start) }
    kernels.multiply(
      MatrixRows(dY.elements, offsets: offsets, count: count, taps: 1, channels: columns, zeros: zeros),
      weights: scratch.floats(at: weightsStart, count: paddedDepth * columns), bias: zeros, output: product, outputStride: depth,
      columns: depth, minimum: -.infinity, maximum: .infinity)
    return product
  }

  /// X^T, [depth][count], of `count` rows of X that start at `place(row)`; zeros where that is negative.
  @inline(__always)
  func transpose(_ x: Elements<Float>, _ count: Int, _ scratch: ScratchMemory, _ place: (_ row: Int) -> Int) {
    let transposed = transposed(scratch, count)
    var first = 0
    while first + 4 <= count {
      let (a, b, c, d) = (place(first), place(first + 1), place(first + 2), place(first + 3))
      var k = 0
      if a >= 0 && b >= 0 && c >= 0 && d >= 0 {
        while k + 4 <= depth {
          x.transpose4x4(a &+ k, b &+ k, c &+ k, d &+ k, to: transposed, at: k &* count &+ first, stride: count)
          k += 4
        }
      }
      while k < depth {
        let to = k * count + first
        transposed[to] = a < 0 ? 0 : x[a + k]
        transposed[to + 1] = b < 0 ? 0 : x[b + k]
        transposed[to + 2] = c < 0 ? 0 : x[c + k]
        transposed[to + 3] = d < 0 ? 0 : x[d + k]
        k += 1
      }
      first += 4
    }
    while first < count {
      let from = place(first)
      for k in 0..<depth { transposed[k * count + first] = from < 0 ? 0 : x[from + k] }
      first += 1
    }
  }

  /// Room for X^T.
  private func transposed(_ scratch: ScratchMemory, _ count: Int) -> Elements<Float> {
    scratch.floats(at: productStart, count: depth * count)
  }

  /// Adds X^T dY of rows `first` ..< first + count to the rows of `tap` in the packed gradient of the weights.
  func addWeights(
    _ dY: Columns, _ first: Int, _ count: Int, tap: Int, to gradient: Elements<Float>, _ zeros: Elements<Float>, _ kernels: Kernels,
    _ scratch: ScratchMemory
  ) {
    let width = PanelPacking.width, panels = paddedColumns / width
    let packed = scratch.floats(at: packedStart, count: count * paddedColumns)
    for panel in 0..<panels {
      let inside = min(width, columns - panel * width)
      for row in 0..<count {
        let from = (first + row) * dY.stride + dY.start + panel * width, to = (panel * count + row) * width
        if inside == width {
          packed.store(dY.elements.vector(SIMD16<Float>.self, at: from), at: to)
        } else {
          for lane in 0..<inside { packed[to + lane] = dY.elements[from + lane] }
          for lane in inside..<width { packed[to + lane] = 0 }
        }
      }
    }
    let result = scratch.floats(at: resultStart, count: depth * paddedColumns)
    kernels.multiply(
      MatrixRows(transposed(scratch, count), count: depth, depth: count), weights: packed, bias: zeros, output: result,
      outputStride: paddedColumns, columns: paddedColumns, minimum: -.infinity, maximum: .infinity)
    for panel in 0..<panels {
      for channel in 0..<depth {
        let at = (panel * taps * depth + tap * depth + channel) * width
        let sum =
          gradient.vector(SIMD16<Float>.self, at: at)
          + result.vector(SIMD16<Float>.self, at: channel * paddedColumns + panel * width)
        gradient.store(sum, at: at)
      }
    }
  }
}
