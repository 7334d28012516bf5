import ModelCompiler
import TinyNN

/// What the caller decides about a quantization.
public struct QuantizationOptions: Sendable {
  /// Candidates for the range of each tensor.
  public var rangeMethods = RangeMethod.allCases
  /// Corrections to try: each is kept if it helps.
  public var equalizesLayers = true
  public var correctsBiases = true
  public var correctsBiasesEmpirically = true
  /// How many layers are rounded adaptively, those with the lowest signal-to-noise first.
  public var adaptivelyRoundedLayers = Int.max
  /// Names of nodes that stay float32.
  public var floatNodes: Set<String> = []

  public init() {}

  /// Ranges only.
  public static var fast: QuantizationOptions {
    var options = QuantizationOptions()
    options.equalizesLayers = false
    options.correctsBiases = false
    options.correctsBiasesEmpirically = false
    options.adaptivelyRoundedLayers = 0
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
      names.map { name in
        "no layer is called '\(name)'; near it: \(known.nearest(to: name).map { "'\($0)'" }.joined(separator: ", "))"
      }.joined(separator: "; ")
    case .notFinite(let tensor): "tensor '\(tensor)' has infinite values or NaN on a calibration photo"
    }
  }
}

/// Steps of a quantization, for progress.
public enum QuantizationStep: String, Sendable {
  case ranges = "Measuring ranges"
  case equalization = "Equalizing layers"
  case rounding = "Rounding weights"
  case biases = "Correcting biases"
  case search = "Searching layers to keep"
  case report = "Comparing"
}

extension Graph {
  /// This float32 graph with int8 operators wherever they exist; the outputs stay float32.
  ///
  /// Weights are symmetric per output channel, activations affine per tensor with ranges from the photos (Jacob et al. 2018,
  /// Krishnamoorthi 2018). Corrections are kept where they help on photos held out from them (`QuantizationReport.corrections`).
  /// With `maximumLoss`, as many layers stay float32, the most harmful first, as bring the estimated loss, in points of
  /// few-shot accuracy, down to it. `progress` gets the step, and how much of it is done.
  public func quantized(
    _ photos: CalibrationSet, _ options: QuantizationOptions = QuantizationOptions(), maximumLoss: Double? = nil,
    progress: @escaping (QuantizationStep, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  ) throws -> QuantizedModel {
    guard !photos.inputs.isEmpty else { throw QuantizationError.noPhotos }
    let known = Set(nodes.map(\.name))
    let unknown = options.floatNodes.filter { !known.contains($0) }.sorted()
    guard unknown.isEmpty else { throw QuantizationError.unknownNodes(unknown, known: nodes.map(\.name)) }

    var search = try CorrectionSearch(preparedForQuantization(), photos, options, progress: progress)
    try search.run()
    var lowering = search.lowering
    let float = try photos.embeddings(of: lowering.source)
    let estimate = AccuracyEstimate(float)
    var loss = try estimate.loss(photos.embeddings(of: lowering.lowered().graph))
    if let maximumLoss, loss > maximumLoss {
      let order = try lowering.mostHarmfulFirst(photos.spread(16)) { progress(.search, $0, $1) }
      loss = try lowering.keepFloat(order, maximumLoss) { try estimate.loss(photos.embeddings(of: $0.lowered().graph)) }
    }
    let count = photos.inputs.count
    var report = try lowering.report(photos, search.ranges, search.statistics) { progress(.report, $0, count) }
    report.estimatedLoss = loss
    report.corrections = search.reports
    var graph = try lowering.lowered().graph
    graph.removeDeadNodes()
    graph.quantizeInputs()
    return QuantizedModel(graph: graph, floatNodes: nodes.map(\.name).filter(lowering.floatNodes.contains), report: report)
  }

  /// True if any tensor is int8.
  public var isQuantized: Bool { tensors.contains { $0.type.elementType == .int8 } }
}

extension [String] {
  /// The few names nearest to one that is not among them: those that contain it, then by the number of edits (Levenshtein 1966).
  fileprivate func nearest(to name: String) -> [String] {
    let wanted = Array<Character>(name.lowercased())
    let distances = map { known -> Int in
      let known = Array<Character>(known.lowercased())
      if !name.isEmpty, String(known).contains(String(wanted)) { return 0 }
      var row = Array<Int>(0...wanted.count)
      for (i, a) in known.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in wanted.enumerated() {
          let edits = Swift.min(row[j], row[j + 1]) + 1
          (diagonal, row[j + 1]) = (row[j + 1], Swift.min(edits, diagonal + (a == b ? 0 : 1)))
        }
      }
      return row[wanted.count]
    }
    return indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(5).map { self[$0] }
  }
}
