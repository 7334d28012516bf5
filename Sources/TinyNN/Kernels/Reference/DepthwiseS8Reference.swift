public import CTinyNN

/// The int8 depthwise convolution that all kernels must equal bit for bit.
@unsafe
public func referenceDepthwiseS8(_ d: TinyNNDepthwiseS8) {
  let channels = unsafe Int(d.channels), paddedChannels = paddedToPanel(channels)
  let inputHeight = unsafe Int(d.inputHeight), inputWidth = unsafe Int(d.inputWidth)
  let kernelHeight = unsafe Int(d.kernelHeight), kernelWidth = unsafe Int(d.kernelWidth)
  let outputWidth = unsafe Int(d.outputWidth)
  for outputY in unsafe Int(d.firstRow)..<Int(d.endRow) {
    for outputX in 0..<outputWidth {
      for channel in 0..<channels {
        // In bounds by the layout of the operands, for which the caller answers.
        var sum = unsafe d.bias[channel]
        for tapY in 0..<kernelHeight {
          let y = unsafe outputY * Int(d.strideY) - Int(d.padTop) + tapY * Int(d.dilationY)
          guard y >= 0, y < inputHeight else { continue }
          for tapX in 0..<kernelWidth {
            let x = unsafe outputX * Int(d.strideX) - Int(d.padLeft) + tapX * Int(d.dilationX)
            guard x >= 0, x < inputWidth else { continue }
            let value = unsafe Int32(d.input[(y * inputWidth + x) * channels + channel]) &- d.inputZeroPoint
            let weight = unsafe Int32(d.weights[(tapY * kernelWidth + tapX) * paddedChannels + channel])
            sum = sum &+ value &* weight
          }
        }
        unsafe d.output[(outputY * outputWidth + outputX) * channels + channel] = quantized(
          nearestFloat(sum) * d.multipliers[channel], zeroPoint: d.outputZeroPoint, minimum: d.minimum, maximum: d.maximum)
      }
    }
  }
}
