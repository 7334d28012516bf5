import COpenBLAS
import CTinyNN
import TinyNN

struct MatMulShape {
  var name: String
  /// Side of the square output.
  var side: Int
  /// Side of the square convolution kernel, stride 1, same padding.
  var kernel = 1
  var channels, columns: Int
  /// Rows that are not a square image's.
  var plainRows: Int?

  var rows: Int { plainRows ?? side * side }
  var taps: Int { kernel * kernel }
  var depth: Int { taps * channels }
}

let matMulShapes = [
  MatMulShape(name: "nearest cache", side: 6, channels: 128, columns: 16),
  MatMulShape(name: "mobilenet_v2", side: 112, channels: 32, columns: 16),
  MatMulShape(name: "mobilenet_v2", side: 112, channels: 16, columns: 96),
  MatMulShape(name: "mobilenet_v2", side: 56, channels: 96, columns: 24),
  MatMulShape(name: "mobilenet_v2", side: 56, channels: 24, columns: 144),
  MatMulShape(name: "mobilenet_v2", side: 28, channels: 144, columns: 32),
  MatMulShape(name: "mobilenet_v2", side: 28, channels: 32, columns: 192),
  MatMulShape(name: "mobilenet_v2", side: 14, channels: 384, columns: 64),
  MatMulShape(name: "mobilenet_v2", side: 14, channels: 96, columns: 576),
  MatMulShape(name: "mobilenet_v2", side: 7, channels: 960, columns: 160),
  MatMulShape(name: "mobilenet_v2", side: 7, channels: 160, columns: 960),
  MatMulShape(name: "mobilenet_v2", side: 7, channels: 320, columns: 1280),
  MatMulShape(name: "dense", side: 1, channels: 1280, columns: 1000),
  MatMulShape(name: "resnet18 3x3", side: 56, kernel: 3, channels: 64, columns: 64),
  MatMulShape(name: "resnet18 3x3", side: 28, kernel: 3, channels: 128, columns: 128),
  MatMulShape(name: "resnet18 3x3", side: 14, kernel: 3, channels: 256, columns: 256),
  MatMulShape(name: "resnet18 3x3", side: 7, kernel: 3, channels: 512, columns: 512),
]

/// The products of training the tail of mobilenet_v2_0.35 at 128 x 128 and edge-s: 32 images of 4 x 4 pixels, the backward ones in
/// blocks of 256 rows. Forward Y = X W, dX = dY W^T, dW = X^T dY.
let trainingShapes = [
  MatMulShape(name: "forward", side: 1, channels: 56, columns: 336, plainRows: 512),
  MatMulShape(name: "forward", side: 1, channels: 336, columns: 112, plainRows: 512),
  MatMulShape(name: "forward", side: 1, channels: 288, columns: 256, plainRows: 512),
  MatMulShape(name: "dX", side: 1, channels: 336, columns: 56, plainRows: 256),
  MatMulShape(name: "dX", side: 1, channels: 112, columns: 336, plainRows: 256),
  MatMulShape(name: "dX", side: 1, channels: 256, columns: 288, plainRows: 256),
  MatMulShape(name: "dW", side: 1, channels: 256, columns: 336, plainRows: 56),
  MatMulShape(name: "dW", side: 1, channels: 256, columns: 112, plainRows: 336),
  MatMulShape(name: "dW", side: 1, channels: 256, columns: 256, plainRows: 288),
]

/// Rows per call, so that a call's activations stay in the second level of cache, as the convolution operator does it.
func rowsPerCall(_ shape: MatMulShape) -> Int { max(48, 128 * 1024 / 4 / shape.depth / 6 * 6) }

/// Offsets [rows][taps] of a convolution with same padding.
func offsets(_ shape: MatMulShape) -> [Int32] {
  let (side, kernel, half) = (shape.side, shape.kernel, shape.kernel / 2)
  return (0..<shape.rows * shape.taps).map { index in
    let (row, tap) = (index / shape.taps, index % shape.taps)
    let (y, x) = (row / side + tap / kernel - half, row % side + tap % kernel - half)
    let inside = (0..<side).contains(y) && (0..<side).contains(x)
    return inside ? Int32((y * side + x) * shape.channels) : -1
  }
}

func printMatMul(_ shape: MatMulShape, _ kernels: Kernels, rounds: Int) {
  let (rows, depth, columns) = (shape.rows, shape.depth, shape.columns)
  let input = unsafe buffer(rows * depth), plainWeights = unsafe buffer(depth * columns)
  let weights = unsafe buffer(PanelPacking(columns: columns, depth: depth).weightCount)
  let bias = unsafe buffer(PanelPacking.padded(columns)), zeros = unsafe buffer(shape.channels),
    output = unsafe buffer(rows * columns)
  for index in 0..<shape.channels { unsafe zeros[index] = 0 }
  let table = unsafe offsets(shape).withUnsafeBufferPointer { source in
    let copy = UnsafeMutablePointer<Int32>.allocate(capacity: source.count)
    unsafe copy.initialize(from: source.baseAddress!, count: source.count)
    return unsafe copy
  }
  let ours = {
    var first = 0
    while first < rows {
      let count = min(rowsPerCall(shape), rows - first)
      // The buffers have the lengths of the shape.
      unsafe kernels.matMul(
        TinyNNMatMulF32(
          input: shape.taps == 1 ? input + first * depth : input,
          offsets: shape.taps == 1 ? nil : UnsafePointer(table) + first * shape.taps, rows: Int32(count),
          taps: Int32(shape.taps), channels: Int32(shape.channels), zeros: zeros, weights: weights, bias: bias,
          output: output + first * columns, outputStride: Int32(columns), columns: Int32(columns), minimum: 0,
          maximum: 6))
      first += count
    }
  }
  let openBLAS = {
    if rows == 1 {
      unsafe cblas_sgemv(
        CblasRowMajor, CblasNoTrans, Int32(columns), Int32(depth), 1, plainWeights, Int32(depth), input, 1, 0, output, 1)
      return
    }
    unsafe cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(depth), 1, input, Int32(depth),
      plainWeights, Int32(columns), 0, output, Int32(columns))
  }
  let seconds = medianSeconds(rounds: rounds, [ours, openBLAS, matMulS8(shape, kernels)])
  let gigaFLOP = 2e-9 * Double(rows * depth * columns)
  print(
    padded(shape.name, 21) + padded("\(rows) x \(depth) x \(columns)", 22) + column(gigaFLOP / seconds[0], 7)
      + column(gigaFLOP / seconds[1], 10) + column(seconds[1] / seconds[0], 7, digits: 2)
      + column(gigaFLOP / seconds[2], 9) + column(seconds[0] / seconds[2], 7, digits: 2))
}
