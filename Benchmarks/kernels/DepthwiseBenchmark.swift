import CTinyNN
import TinyNN

struct DepthwiseShape {
  var name: String
  /// Side of the square input.
  var side: Int
  var channels: Int
  var kernel = 3
  var stride = 1

  var outputSide: Int { (side + stride - 1) / stride }
}

let depthwiseShapes = [
  DepthwiseShape(name: "mobilenet_v2 3x3", side: 112, channels: 32),
  DepthwiseShape(name: "mobilenet_v2 3x3/2", side: 112, channels: 96, stride: 2),
  DepthwiseShape(name: "mobilenet_v2 3x3", side: 56, channels: 144),
  DepthwiseShape(name: "mobilenet_v2 3x3", side: 28, channels: 192),
  DepthwiseShape(name: "mobilenet_v2 3x3", side: 14, channels: 384),
  DepthwiseShape(name: "mobilenet_v2 3x3/2", side: 14, channels: 576, stride: 2),
  DepthwiseShape(name: "mobilenet_v2 3x3", side: 7, channels: 960),
  DepthwiseShape(name: "mobilenet_v3 5x5/2", side: 28, channels: 96, kernel: 5, stride: 2),
  DepthwiseShape(name: "mobilenet_v3 5x5", side: 14, channels: 240, kernel: 5),
  DepthwiseShape(name: "mobilenet_v3 5x5", side: 7, channels: 576, kernel: 5),
]

func printDepthwise(_ shape: DepthwiseShape, _ kernels: Kernels, rounds: Int) {
  let (side, channels, outputSide) = (shape.side, shape.channels, shape.outputSide)
  let taps = shape.kernel * shape.kernel
  let input = unsafe buffer(side * side * channels), output = unsafe buffer(outputSide * outputSide * channels)
  let weights = unsafe buffer(taps * PanelPacking.padded(channels))
  let bias = unsafe buffer(PanelPacking.padded(channels))
  let seconds = medianSeconds(
    rounds: rounds,
    [
      {
        // The buffers have the lengths of the shape.
        unsafe kernels.depthwise(
          TinyNNDepthwiseF32(
            input: input, inputHeight: Int32(side), inputWidth: Int32(side), channels: Int32(channels),
            weights: weights, bias: bias, kernelHeight: Int32(shape.kernel), kernelWidth: Int32(shape.kernel),
            strideY: Int32(shape.stride), strideX: Int32(shape.stride), dilationY: 1, dilationX: 1,
            padTop: Int32(shape.kernel / 2), padLeft: Int32(shape.kernel / 2), output: output,
            outputWidth: Int32(outputSide), firstRow: 0, endRow: Int32(outputSide), minimum: 0, maximum: 6))
      },
      depthwiseS8(shape, kernels),
    ])
  let gigaFLOP = 2e-9 * Double(outputSide * outputSide * channels * taps)
  let gigaBytes = 4e-9 * Double((side * side + outputSide * outputSide) * channels)
  print(
    padded(shape.name, 21) + padded("\(side) x \(side) x \(channels)", 22) + column(gigaFLOP / seconds[0], 7)
      + column(gigaBytes / seconds[0], 7) + column(gigaFLOP / seconds[1], 9) + column(seconds[0] / seconds[1], 7, digits: 2))
}
