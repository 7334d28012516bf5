import ModelCompiler
import TinyNN

/// What calibration has seen of one tensor.
public struct TensorStatistics: Sendable {
  static let binCount = 2048

  public private(set) var minimum = Float.infinity
  public private(set) var maximum = -Float.infinity
  /// Values seen of each channel (the innermost axis), and in all.
  private(set) var channelCount = 0
  private(set) var count = 0
  /// Of each channel: the sum and the largest magnitude of its values.
  private(set) var channelSums: [Double]
  private(set) var channelMaxima: [Float]
  /// Equal bins over `[minimum, maximum]`; zeros, which every map represents exactly, are in none.
  private(set) var bins: [Double] = []
  private(set) var sumOfSquares = 0.0

  init(channels: Int) {
    channelSums = [Double](repeating: 0, count: channels)
    channelMaxima = [Float](repeating: 0, count: channels)
  }

  public var channelMeans: [Double] { channelSums.map { $0 / Double(max(1, channelCount)) } }

  mutating func addRange(_ values: Span<Float>) {
    let channels = channelSums.count
    var (low, high, squares) = (minimum, maximum, 0.0)
    var index = 0
    while index < values.count {
      for channel in 0..<channels {
        let value = values[index + channel]
        low = min(low, value)
        high = max(high, value)
        channelSums[channel] += Double(value)
        channelMaxima[channel] = max(channelMaxima[channel], abs(value))
        squares += Double(value * value)
      }
      index += channels
    }
    (minimum, maximum) = (low, high)
    sumOfSquares += squares
    count += values.count
    channelCount += values.count / channels
  }

  /// Call after `addRange` has seen all values.
  mutating func addHistogram(_ values: Span<Float>) {
    if bins.isEmpty { bins = [Double](repeating: 0, count: TensorStatistics.binCount) }
    let width = (maximum - minimum) / Float(TensorStatistics.binCount)
    guard width > 0 else { return }
    let (low, factor, last) = (minimum, 1 / width, TensorStatistics.binCount - 1)
    for i in values.indices {
      let value = values[i]
      if value == 0 { continue }
      bins[max(0, min(last, Int((value - low) * factor)))] += 1
    }
  }

  /// The middle of a bin.
  func center(_ bin: Int) -> Double {
    Double(minimum) + (Double(bin) + 0.5) * (Double(maximum) - Double(minimum)) / Double(TensorStatistics.binCount)
  }
}

/// Photos as the network takes them: what ranges and corrections are measured on.
public struct CalibrationSet: Sendable {
  public let inputs: [[Float]]
  public let threads: Int

  /// - Parameter inputs: one float32 array for each photo, in the layout of the graph's input 0.
  public init(inputs: [[Float]], threads: Int = 1) {
    self.inputs = inputs
    self.threads = threads
  }

  /// Statistics of the graph's computed tensors and of its input, in two runs over all photos; `progress` counts photos.
  func statistics(of graph: Graph, histograms: Bool = true, progress: (Int) -> Void = { _ in }) throws -> [Graph.TensorID:
    TensorStatistics]
  {
    let tensors = graph.nodes.flatMap(\.outputs).filter { graph.type($0).elementType != .int32 }
    let probe = try GraphProbe(graph, observing: tensors, threads: threads)
    let input = graph.inputs[0]
    var statistics: [Graph.TensorID: TensorStatistics] = [:]
    for tensor in tensors + [input] {
      let shape = graph.shape(tensor)
      statistics[tensor] = TensorStatistics(channels: shape.rank > 0 ? shape[shape.rank - 1] : 1)
    }
    for (done, photo) in inputs.enumerated() {
      probe.run(photo)
      statistics[input]!.addRange(photo.span)
      for (index, tensor) in tensors.enumerated() { probe.withValues(index) { statistics[tensor]!.addRange($0) } }
      progress(done + 1)
    }
    guard histograms else { return statistics }
    for (done, photo) in inputs.enumerated() {
      probe.run(photo)
      statistics[input]!.addHistogram(photo.span)
      for (index, tensor) in tensors.enumerated() { probe.withValues(index) { statistics[tensor]!.addHistogram($0) } }
      progress(inputs.count + done + 1)
    }
    return statistics
  }
}
