public import CTinyNN

/// The gradients of a depthwise convolution that all kernels must equal bit for bit.
@unsafe
public func referenceDepthwiseGradient(_ d: TinyNNDepthwiseGradientF32) {
  let channels = unsafe Int(d.channels), paddedChannels = paddedToPanel(channels)
  let inputHeight = unsafe Int(d.inputHeight), inputWidth = unsafe Int(d.inputWidth)
  let kernelHeight = unsafe Int(d.kernelHeight), kernelWidth = unsafe Int(d.kernelWidth)
  let outputHeight = unsafe Int(d.outputHeight), outputWidth = unsafe Int(d.outputWidth)
  for outputY in 0..<outputHeight {
    for outputX in 0..<outputWidth {
      for tapY in 0..<kernelHeight {
        let y = unsafe outputY * Int(d.strideY) - Int(d.padTop) + tapY * Int(d.dilationY)
        guard y >= 0, y < inputHeight else { continue }
        for tapX in 0..<kernelWidth {
          let x = unsafe outputX * Int(d.strideX) - Int(d.padLeft) + tapX * Int(d.dilationX)
          guard x >= 0, x < inputWidth else { continue }
          let pixel = (y * inputWidth + x) * channels, tap = (tapY * kernelWidth + tapX) * paddedChannels
          for channel in 0..<channels {
            // In bounds by the layout of the operands, for which the caller answers.
            let dY = unsafe d.outputGradient[(outputY * outputWidth + outputX) * channels + channel]
            if let gradient = unsafe d.inputGradient { unsafe gradient[pixel + channel] += dY * d.weights[tap + channel] }
            if let gradient = unsafe d.weightGradient { unsafe gradient[tap + channel] += dY * d.input[pixel + channel] }
          }
        }
      }
    }
  }
}
