import ModelCompiler
import TinyNN

/// Tries corrections one after the other and keeps what helps on photos that they have not seen.
struct CorrectionSearch {
  typealias ProgressReport = (QuantizationStep, _ done: Int, _ total: Int) -> Void

  private let photos: CalibrationSet
  private let options: QuantizationOptions
  private let progress: ProgressReport
  /// What corrections are made from, and what decides about them.
  private let fit: CalibrationSet
  private let held: CalibrationSet

  private(set) var statistics: [Graph.TensorID: TensorStatistics]
  private(set) var ranges: GraphRanges
  private(set) var lowering: Int8Lowering
  private(set) var reports: [CorrectionReport] = []
  private let heldEmbeddings: [[Float]]
  private var loss = 0.0

  /// A correction must lower the loss by this part of it: less is chance.
  private static let leastGain = 0.01

  /// - Parameter source: prepared.
  init(_ source: Graph, _ photos: CalibrationSet, _ options: QuantizationOptions, progress: @escaping ProgressReport) throws {
    self.photos = photos
    self.options = options
    self.progress = progress
    (fit, held) = photos.split()
    (statistics, ranges) = try CorrectionSearch.measured(source, photos, options) { progress(.ranges, $0, 2 * photos.inputs.count) }
    lowering = Int8Lowering(source: source, maps: ranges.maps, floatNodes: options.floatNodes)
    heldEmbeddings = try held.embeddings(of: source)
  }

  mutating func run() throws {
    guard
      options.equalizesLayers || options.correctsBiases || options.correctsBiasesEmpirically || options.adaptivelyRoundedLayers > 0
    else { return }
    loss = try heldLoss(lowering)
    if options.equalizesLayers { try equalize() }
    if options.correctsBiases {
      var candidate = lowering
      candidate.correctBiases(statistics)
      try decide(.biasCorrection, candidate, "\(candidate.biasCorrections.count) layers")
    }
    if options.adaptivelyRoundedLayers > 0 { try adaptRounding() }
    if options.correctsBiasesEmpirically {
      var candidate = lowering
      try candidate.correctBiasesEmpirically(fit.spread(32)) { progress(.biases, $0, $1) }
      try decide(.empiricalBiasCorrection, candidate, "\(candidate.biasCorrections.count) layers")
    }
  }

  private mutating func equalize() throws {
    var source = lowering.source
    let pairs = source.equalizeLayers(statistics)
    guard pairs > 0 else { return }
    let (seen, found) = try CorrectionSearch.measured(source, photos, options) {
      progress(.equalization, $0, 2 * photos.inputs.count)
    }
    let candidate = Int8Lowering(source: source, maps: found.maps, floatNodes: options.floatNodes)
    if try decide(.crossLayerEqualization, candidate, "\(pairs) pairs of layers") { (statistics, ranges) = (seen, found) }
  }

  private mutating func adaptRounding() throws {
    let report = try lowering.report(fit.spread(16), ranges, statistics)
    let names = report.worstFirst.filter { $0.weightSignalToNoise != nil }.prefix(options.adaptivelyRoundedLayers).map(\.name)
    let layers = names.compactMap { name in lowering.source.nodes.firstIndex { $0.name == name } }
    var candidate = lowering
    let isCorrected = reports.contains { $0.kind == .biasCorrection && $0.isKept }
    candidate.biasCorrections = [:]
    let outcomes = try candidate.adaptRounding(layers, fit: fit, held: held, centred: isCorrected) { progress(.rounding, $0, $1) }
    if isCorrected { candidate.correctBiases(statistics) }
    guard !outcomes.isEmpty else { return }
    let better = outcomes.filter { $0.after < $0.before }
    let part = outcomes.reduce(0) { $0 + ($1.before > 0 ? min(1, $1.after / $1.before) : 1) } / Double(outcomes.count)
    try decide(
      .adaptiveRounding, candidate,
      "\(better.count) of \(outcomes.count) layers; "
        + "squared error of their results \(Int((100 * part).rounded())) % of nearest rounding"
    )
  }

  @discardableResult
  private mutating func decide(_ kind: CorrectionReport.Kind, _ candidate: Int8Lowering, _ extent: String) throws -> Bool {
    let after = try heldLoss(candidate)
    let isKept = after < loss * (1 - CorrectionSearch.leastGain)
    reports.append(CorrectionReport(kind: kind, lossBefore: loss, lossAfter: after, isKept: isKept, extent: extent))
    if isKept { (lowering, loss) = (candidate, after) }
    return isKept
  }

  /// 100 (1 - mean cosine) on the held-out photos.
  private func heldLoss(_ candidate: Int8Lowering) throws -> Double {
    let int8 = try held.embeddings(of: candidate.lowered().graph)
    var sum = 0.0
    for (a, b) in zip(heldEmbeddings, int8) {
      var meter = ErrorMeter()
      meter.add(a.span, b.span)
      sum += meter.cosine
    }
    return 100 * (1 - sum / Double(int8.count))
  }

  private static func measured(
    _ source: Graph, _ photos: CalibrationSet, _ options: QuantizationOptions, progress: (Int) -> Void
  ) throws -> ([Graph.TensorID: TensorStatistics], GraphRanges) {
    let statistics = try photos.statistics(of: source, progress: progress)
    for (tensor, seen) in statistics.sorted(by: { $0.key < $1.key }) where !(seen.minimum.isFinite && seen.maximum.isFinite) {
      throw QuantizationError.notFinite(source.tensors[tensor].name)
    }
    return (statistics, GraphRanges(source, statistics, methods: options.rangeMethods))
  }
}

extension CalibrationSet {
  /// Three quarters, and every fourth photo; with fewer than 8 photos both are all.
  func split() -> (fit: CalibrationSet, held: CalibrationSet) {
    guard inputs.count >= 8 else { return (self, self) }
    let numbered = inputs.enumerated()
    return (
      CalibrationSet(inputs: numbered.filter { $0.offset % 4 != 3 }.map(\.element), threads: threads),
      CalibrationSet(inputs: numbered.filter { $0.offset % 4 == 3 }.map(\.element), threads: threads)
    )
  }

  /// At most `count` of the photos, evenly spread.
  func spread(_ count: Int) -> CalibrationSet {
    let count = min(count, inputs.count)
    return CalibrationSet(inputs: (0..<count).map { inputs[$0 * inputs.count / count] }, threads: threads)
  }

  /// Output 0 of a graph for each photo.
  func embeddings(of graph: Graph) throws -> [[Float]] {
    let probe = try GraphProbe(graph, observing: [graph.outputs[0]], threads: threads)
    return inputs.map { photo in
      probe.run(photo)
      return probe.withValues(0) { values in values.indices.map { values[$0] } }
    }
  }
}
