import ModelCompiler
import Quantize
import TinyNN

/// What there is to say about a quantization, for people and for programs.
struct QuantizationText {
  let model: String
  let output: String
  let quantized: QuantizedModel
  let sizes: QuantizationSizes
  let photos: CalibrationPhotos
  let statistics: QuantizedStatistics

  private var report: QuantizationReport { quantized.report }
  /// Fewer photos show no loss.
  private var isEstimated: Bool { photos.inputs.count >= QuantizationReport.estimatePhotos }
  /// Layers named in the summary.
  private static let worstCount = 5

  var json: JSON {
    .object([
      ("model", .string(model)), ("output", .string(output)), ("calibrationPhotos", .integer(photos.inputs.count)),
      ("skippedPhotos", .integer(photos.skipped.count)),
      ("fileBytes", .integer(sizes.int8File)), ("floatFileBytes", .integer(sizes.floatFile)),
      ("fileRatio", .number(ratio(sizes.int8File, sizes.floatFile))),
      ("arenaBytes", .integer(sizes.int8Arena)), ("floatArenaBytes", .integer(sizes.floatArena)),
      ("arenaRatio", .number(ratio(sizes.int8Arena, sizes.floatArena))),
      ("embeddingCosine", .number(report.embeddingCosine)), ("worstEmbeddingCosine", .number(report.worstEmbeddingCosine)),
      ("embeddingSignalToNoise", decibels(report.embeddingSignalToNoise)),
      ("estimatedLoss", isEstimated ? .number(report.estimatedLoss) : .null),
      ("statistics", statistics.origin.map { .string($0.rawValue) } ?? .null),
      ("corrections", .array(report.corrections.map(correction))),
      ("floatLayers", .array(quantized.floatNodes.map { .string($0) })),
      ("layers", .array(report.layers.map(layer))),
    ])
  }

  private func correction(_ correction: CorrectionReport) -> JSON {
    [
      "name": .string(correction.kind.rawValue), "kept": .bool(correction.isKept), "extent": .string(correction.extent),
      "heldOutLossBefore": .number(correction.lossBefore), "heldOutLossAfter": .number(correction.lossAfter),
    ]
  }

  private func layer(_ layer: LayerReport) -> JSON {
    [
      "name": .string(layer.name), "operator": .string(layer.operation), "shape": JSON(layer.outputShape.extents),
      "parameters": .integer(layer.parameters), "rangeMethod": .string(layer.rangeMethod.rawValue),
      "minimum": .number(Double(layer.range.lowerBound)), "maximum": .number(Double(layer.range.upperBound)),
      "saturation": .number(layer.saturation), "weightSignalToNoise": layer.weightSignalToNoise.map(decibels) ?? .null,
      "signalToNoise": decibels(layer.signalToNoise), "cosine": .number(layer.cosine),
      "cumulativeSignalToNoise": decibels(layer.cumulativeSignalToNoise), "advice": .string(layer.advice),
    ]
  }

  /// JSON has no infinity: nothing was lost.
  private func decibels(_ value: Double) -> JSON { value.isFinite ? .number(value) : .null }
  private func ratio(_ a: Int, _ b: Int) -> Double { Double(a) / Double(max(1, b)) }

  var lines: [String] {
    var lines = [
      """
      written     \(output), \(grouped(sizes.int8File)) bytes, \
      \(decimal(ratio(sizes.int8File, sizes.floatFile), digits: 3)) of the float32 file
      """,
      """
      arena       \(grouped(sizes.int8Arena)) bytes, \
      \(decimal(ratio(sizes.int8Arena, sizes.floatArena), digits: 3)) of the float32 arena
      """,
      "calibrated  \(photos.inputs.count) of \(photos.available) photos in \(photos.folder)",
      """
      embedding   cosine \(decimal(report.embeddingCosine, digits: 5)) (worst photo \
      \(decimal(report.worstEmbeddingCosine, digits: 5))), 
      """
        + "signal to noise \(text(report.embeddingSignalToNoise)) dB",
    ]
    lines.append(
      isEstimated
        ? """
        accuracy    \(decimal(report.estimatedLoss, digits: 2)) points of few-shot accuracy lost, as estimated on \
        the calibration photos
        """
        : "accuracy    not estimated: that takes \(QuantizationReport.estimatePhotos) different photos"
    )
    for correction in report.corrections {
      lines.append(
        """
        \(correction.isKept ? "kept        " : "did not help ")\(correction.kind.rawValue), \(correction.extent): \
        100 (1 - cosine) on held-out photos 
        """
          + "\(decimal(correction.lossBefore, digits: 4)) -> \(decimal(correction.lossAfter, digits: 4))")
    }
    if let origin = statistics.origin { lines.append("statistics  \(origin.explanation)") }
    if !quantized.floatNodes.isEmpty { lines.append("float32     \(quantized.floatNodes.joined(separator: ", "))") }
    return lines.map(\.onOneLine)
  }

  var summary: String {
    var table = Table([("worst layers", .left), ("operator", .left), ("dB alone", .right), ("dB so far", .right), ("", .left)])
    for layer in report.worstFirst.prefix(QuantizationText.worstCount) {
      table.append([layer.name, layer.operation, text(layer.signalToNoise), text(layer.cumulativeSignalToNoise), layer.advice])
    }
    return (lines + ["", table.text]).joined(separator: "\n")
  }

  func text(_ decibels: Double) -> String { decibels.isFinite ? decimal(decibels, digits: 1) : "exact" }
}
