import Glibc
import ModelCompiler
import TinyNN

/// What int8 costs one layer.
public struct LayerReport: Sendable {
  public let name: String
  public let operation: String
  public let outputShape: Shape
  public let parameters: Int
  /// How the range of its result was found, the range, and the part of the calibration values outside it.
  public let rangeMethod: RangeMethod
  public let range: ClosedRange<Float>
  public let saturation: Double
  /// Of the weights alone, each rounded to the nearest, decibels; nil for layers without weights.
  public let weightSignalToNoise: Double?
  /// The layer run in int8 on float32 inputs: signal-to-quantization-noise ratio in decibels, and cosine.
  public let signalToNoise: Double
  public let cosine: Double
  /// The same in the whole int8 network, with the errors of all layers before it.
  public let cumulativeSignalToNoise: Double

  /// What would help this layer.
  public var advice: String {
    if let weights = weightSignalToNoise, weights < signalToNoise + 3, weights < 35 {
      return "its weights are uneven: keep it in float32 with --keep-float \(name)"
    }
    if saturation > 0.001 { return "its results have long tails: calibrate with more, and more varied, photos" }
    if signalToNoise < 20 { return "its results have a wide range: keep it in float32 with --keep-float \(name)" }
    return "nothing to do"
  }
}

/// What int8 costs the whole network, and where it is lost.
public struct QuantizationReport: Sendable {
  /// In execution order.
  public let layers: [LayerReport]
  /// Between the float32 and the int8 embeddings of the calibration photos.
  public let embeddingCosine: Double
  public let worstEmbeddingCosine: Double
  public let embeddingSignalToNoise: Double
  /// Points of few-shot accuracy that int8 is expected to cost, see `AccuracyEstimate`.
  public internal(set) var estimatedLoss = 0.0
  /// Fewer photos make no classes to estimate a loss on.
  public static let estimatePhotos = 8
  /// What was tried, in order.
  public internal(set) var corrections: [CorrectionReport] = []

  /// The layers that lose most on their own, worst first.
  public var worstFirst: [LayerReport] { layers.sorted { $0.signalToNoise < $1.signalToNoise } }
}

/// A correction that was tried, and whether it helped.
public struct CorrectionReport: Sendable {
  public enum Kind: String, Sendable {
    case crossLayerEqualization = "cross-layer equalization"
    case biasCorrection = "bias correction"
    case adaptiveRounding = "adaptive rounding"
    case empiricalBiasCorrection = "empirical bias correction"
  }

  public let kind: Kind
  /// 100 (1 - mean cosine) between the embeddings of the held-out photos, without it and with it.
  public let lossBefore: Double
  public let lossAfter: Double
  public let isKept: Bool
  /// What it was done to.
  public let extent: String
}

/// Compares values with what int8 made of them.
struct ErrorMeter {
  private var signal = 0.0, noise = 0.0, dot = 0.0, power = 0.0

  mutating func add(_ reference: Span<Float>, _ value: Span<Float>) {
    for i in reference.indices {
      let (a, b) = (Double(reference[i]), Double(value[i]))
      signal += a * a
      power += b * b
      dot += a * b
      noise += (a - b) * (a - b)
    }
  }

  /// Decibels; infinity where nothing was lost.
  var signalToNoise: Double { noise > 0 ? 10 * log10(max(signal, 1e-300) / noise) : .infinity }
  var cosine: Double { signal > 0 && power > 0 ? dot / (signal * power).squareRoot() : (signal == power ? 1 : 0) }
}

extension Int8Lowering {
  /// Runs the photos through both networks; `progress` counts photos.
  func report(
    _ photos: CalibrationSet, _ ranges: GraphRanges, _ statistics: [Graph.TensorID: TensorStatistics],
    progress: (Int) -> Void = { _ in }
  ) throws -> QuantizationReport {
    let whole = try lowered(), alone = try lowered(isolated: true)
    let nodes = whole.int8Nodes
    let wholeProbe = try GraphProbe(
      whole.graph, observing: nodes.map { whole.tensor(source.nodes[$0].outputs[0])! } + [whole.graph.outputs[0]],
      threads: photos.threads)
    let aloneProbe = try GraphProbe(alone.graph, observing: nodes.map { alone.isolated[$0]! }, threads: photos.threads)
    let floatProbe = try GraphProbe(
      source, observing: nodes.map { source.nodes[$0].outputs[0] } + [source.outputs[0]], threads: photos.threads)
    var local = [ErrorMeter](repeating: ErrorMeter(), count: nodes.count), cumulative = local
    var embedding = ErrorMeter(), cosines: [Double] = []
    for (done, photo) in photos.inputs.enumerated() {
      wholeProbe.run(photo)
      aloneProbe.run(photo)
      floatProbe.run(photo)
      for index in nodes.indices {
        floatProbe.withValues(index) { reference in
          aloneProbe.withValues(index) { local[index].add(reference, $0) }
          wholeProbe.withValues(index) { cumulative[index].add(reference, $0) }
        }
      }
      var one = ErrorMeter()
      floatProbe.withValues(nodes.count) { reference in
        wholeProbe.withValues(nodes.count) {
          embedding.add(reference, $0)
          one.add(reference, $0)
        }
      }
      cosines.append(one.cosine)
      progress(done + 1)
    }
    let layers = nodes.indices.map { index -> LayerReport in
      let node = source.nodes[nodes[index]], output = node.outputs[0]
      let weights =
        source.weightForm(of: node) == nil ? nil : nearestWeights(nodes[index], inputScale: maps[node.inputs[0]]!.scale)
      let map = maps[output]!
      return LayerReport(
        name: node.name, operation: "\(node.kind)", outputShape: source.shape(output),
        parameters: node.inputs.reduce(0) { $0 + (source.isConstant($1) ? source.shape($1).count : 0) },
        rangeMethod: ranges.found[output]!.method, range: map.range, saturation: statistics[output]!.part(outside: map.range),
        weightSignalToNoise: weights?.signalToNoise, signalToNoise: local[index].signalToNoise, cosine: local[index].cosine,
        cumulativeSignalToNoise: cumulative[index].signalToNoise)
    }
    return QuantizationReport(
      layers: layers, embeddingCosine: cosines.reduce(0, +) / Double(cosines.count), worstEmbeddingCosine: cosines.min() ?? 1,
      embeddingSignalToNoise: embedding.signalToNoise)
  }
}

extension TensorStatistics {
  /// The part of the values seen that lie outside a range.
  func part(outside range: ClosedRange<Float>) -> Double {
    let width = (Double(maximum) - Double(minimum)) / Double(TensorStatistics.binCount)
    var outside = 0.0
    for bin in bins.indices
    where center(bin) + width / 2 < Double(range.lowerBound) || center(bin) - width / 2 > Double(range.upperBound) {
      outside += bins[bin]
    }
    return count > 0 ? outside / Double(count) : 0
  }
}
