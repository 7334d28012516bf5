import ModelCompiler
import TinyNN

/// What the caller decides about a quantization.
public struct QuantizationOptions: Sendable {
  /// Candidates for the range of each tensor.
  public var rangeMethods = RangeMethod.allCases
  /// Corrects biases for what the rounding of weights adds to the means.
  public var correctsBiases = true
  /// Names of nodes that stay float32.
  public var floatNodes: Set<String> = []

  public init() {}

  /// Ranges only.
  public static var fast: QuantizationOptions {
    var options = QuantizationOptions()
    options.correctsBiases = false
    return options
  }
}

/// An int8 network and what it costs.
public struct QuantizedModel: Sendable {
  public let graph: Graph
  /// Names of the nodes that were kept in float32, in execution order.
  public let floatNodes: [String]
  public let report: QuantizationReport
}

public enum QuantizationError: Error, Equatable, Sendable, CustomStringConvertible {
  case noPhotos
  /// Nodes to keep in float32 that the network does not have.
  case unknownNodes([String], known: [String])
  /// The network gives infinite values or NaN; the tensor's name.
  case notFinite(String)

  public var description: String {
    switch self {
    case .noPhotos: "no calibration photos"
    case .unknownNodes(let names, let known):
      "no layer is called \(names.map { "'\($0)'" }.joined(separator: ", ")); the layers are: \(known.joined(separator: ", "))"
    case .notFinite(let tensor): "tensor '\(tensor)' has infinite values or NaN on a calibration photo"
    }
  }
}

/// Steps of a quantization, for progress.
public enum QuantizationStep: String, Sendable {
  case ranges = "Measuring ranges"
  case search = "Searching layers to keep"
  case report = "Comparing"
}

extension Graph {
  /// This float32 graph with int8 operators wherever they exist; the outputs stay float32.
  ///
  /// Weights are symmetric per output channel, activations affine per tensor with ranges from the photos (Jacob et al. 2018,
  /// Krishnamoorthi 2018). With `maximumLoss`, as many layers stay float32, the worst first, as bring 100 (1 - mean cosine)
  /// between the embeddings of the photos down to it. `progress` gets the step, and photos done of all photo runs of that step.
  public func quantized(
    _ photos: CalibrationSet, _ options: QuantizationOptions = QuantizationOptions(), maximumLoss: Double? = nil,
    progress: (QuantizationStep, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  ) throws -> QuantizedModel {
    guard !photos.inputs.isEmpty else { throw QuantizationError.noPhotos }
    let known = Set(nodes.map(\.name))
    let unknown = options.floatNodes.filter { !known.contains($0) }.sorted()
    guard unknown.isEmpty else { throw QuantizationError.unknownNodes(unknown, known: nodes.map(\.name)) }

    let source = try preparedForQuantization()
    let count = photos.inputs.count
    let statistics = try photos.statistics(of: source) { progress(.ranges, $0, 2 * count) }
    for (tensor, seen) in statistics.sorted(by: { $0.key < $1.key }) where !(seen.minimum.isFinite && seen.maximum.isFinite) {
      throw QuantizationError.notFinite(source.tensors[tensor].name)
    }
    let ranges = GraphRanges(source, statistics, methods: options.rangeMethods)
    var lowering = Int8Lowering(source: source, maps: ranges.maps, floatNodes: options.floatNodes)
    if options.correctsBiases { lowering.correctBiases(statistics) }
    var report = try lowering.report(photos, ranges, statistics) { progress(.report, $0, count) }
    if let maximumLoss, 100 * (1 - report.embeddingCosine) > maximumLoss {
      try lowering.keepFloat(report.worstFirst.map(\.name), photos, maximumLoss) { progress(.search, $0, $1) }
      report = try lowering.report(photos, ranges, statistics) { progress(.report, $0, count) }
    }
    var graph = try lowering.lowered().graph
    graph.removeDeadNodes()
    graph.quantizeInputs()
    return QuantizedModel(graph: graph, floatNodes: nodes.map(\.name).filter(lowering.floatNodes.contains), report: report)
  }

  /// True if any tensor is int8.
  public var isQuantized: Bool { tensors.contains { $0.type.elementType == .int8 } }
}

extension Int8Lowering {
  /// Keeps the fewest of these nodes, in this order, that bring the loss down to `maximumLoss`, by halving.
  mutating func keepFloat(_ worstFirst: [String], _ photos: CalibrationSet, _ maximumLoss: Double, progress: (Int, Int) -> Void) throws {
    let always = floatNodes
    var (enough, tooFew, step) = (worstFirst.count, 0, 0)
    let steps = max(1, Int.bitWidth - worstFirst.count.leadingZeroBitCount)
    while enough - tooFew > 1 {
      let middle = (enough + tooFew) / 2
      floatNodes = always.union(worstFirst[..<middle])
      if 100 * (1 - (try embeddingCosine(photos))) <= maximumLoss { enough = middle } else { tooFew = middle }
      step += 1
      progress(min(step, steps), steps)
    }
    floatNodes = always.union(worstFirst[..<enough])
  }
}
