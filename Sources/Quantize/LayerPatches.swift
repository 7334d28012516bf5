import ModelCompiler
import TinyNN

/// The patches of its input that a layer multiplies with its weights.
struct LayerPatches {
  let node: Int
  /// Sets of output channels that see the same patch: 1, the groups of a convolution, the channels of a depthwise one.
  let groups: Int
  let layout: WeightLayout
  let window: Window
  /// [N, H, W, C]; for a dense layer H is the number of rows.
  let input: (height: Int, width: Int, channels: Int)
  let output: (height: Int, width: Int)

  /// Values of a patch of one group, in the order of the weights of an output channel.
  var count: Int { layout.depth }

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
    guard let form = weightForm(of: node), let layout = weightLayout(of: node), floats(node.inputs[1]) != nil else { return nil }
    let input = shape(node.inputs[0]), output = shape(node.outputs[0])
    guard let window = form.window else {
      let rows = input.count / layout.depth
      return LayerPatches(
        node: index, groups: 1, layout: layout, window: Window(height: 1, width: 1), input: (rows, 1, layout.depth),
        output: (rows, 1))
    }
    guard input[0] == 1 else { return nil }
    return LayerPatches(
      node: index, groups: form.isDepthwise ? layout.channels : form.groups, layout: layout, window: window,
      input: (input[1], input[2], input[3]), output: (output[1], output[2]))
  }
}
