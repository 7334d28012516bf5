import ModelCompiler
import TinyNN

/// The patches of its input that a layer multiplies with its weights.
struct LayerPatches {
  let node: Int
  /// Sets of output channels that see the same patch: 1, the groups of a convolution, the channels of a depthwise one.
  let groups: Int
  /// Values of a patch of one group, in the order of the weights of an output channel.
  let count: Int
  let isDepthwise: Bool
  let window: Window
  /// [N, H, W, C]; for a dense layer H is the number of rows.
  let input: (height: Int, width: Int, channels: Int)
  let output: (height: Int, width: Int)

  /// Patches in all that a layer learns from; more than a channel has weights.
  private static let sampleCount = 4096

  /// Adds some patches of one photo of `photoCount`, spread over the image, other places for each photo.
  func add(_ values: Span<Float>, photo: Int, of photoCount: Int, to moments: inout [InputMoments]) {
    let positions = output.height * output.width
    let wanted = min(positions, max(1, LayerPatches.sampleCount / photoCount))
    var patch = [Float](repeating: 0, count: count)
    let perGroup = input.channels / groups
    for sample in 0..<wanted {
      let position = (sample * positions / wanted + photo * 13) % positions
      let (top, left) = (
        position / output.width * window.strideY - window.padTop, position % output.width * window.strideX - window.padLeft
      )
      for group in 0..<groups {
        var i = 0
        for tap in 0..<window.taps {
          let (y, x) = (top + tap / window.width * window.dilationY, left + tap % window.width * window.dilationX)
          let isInside = (0..<input.height).contains(y) && (0..<input.width).contains(x)
          let start = (y * input.width + x) * input.channels + group * perGroup
          for channel in 0..<perGroup {
            patch[i] = isInside ? values[start + channel] : 0
            i += 1
          }
        }
        patch.withUnsafeBufferPointer { moments[group].add($0) }
      }
    }
  }
}

extension Graph {
  /// Nil for a node without constant float32 weights.
  func patches(of index: Int) -> LayerPatches? {
    let node = nodes[index]
    guard weightChannelAxis(of: node) != nil, floats(node.inputs[1]) != nil else { return nil }
    let input = shape(node.inputs[0]), output = shape(node.outputs[0]), weights = shape(node.inputs[1])
    if let it = node.decoded(Convolution.self) {
      guard input[0] == 1 else { return nil }
      return LayerPatches(
        node: index, groups: it.groups, count: weights.count / weights[0], isDepthwise: false, window: it.window,
        input: (input[1], input[2], input[3]), output: (output[1], output[2]))
    }
    if let it = node.decoded(DepthwiseConvolution.self) {
      guard input[0] == 1 else { return nil }
      return LayerPatches(
        node: index, groups: input[3], count: it.window.taps, isDepthwise: true, window: it.window,
        input: (input[1], input[2], input[3]), output: (output[1], output[2]))
    }
    let count = weights.count / weights[0], rows = input.count / count
    return LayerPatches(
      node: index, groups: 1, count: count, isDepthwise: false, window: Window(height: 1, width: 1), input: (rows, 1, count),
      output: (rows, 1))
  }
}
