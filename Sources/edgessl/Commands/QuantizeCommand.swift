import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import ModelCompiler
import Quantize
import TinyNN

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Make an int8 model of a float32 one: a quarter of the size, and what it costs layer by layer.",
    discussion: """
      Ranges are measured on the photos in the calibration folder (and the folders below it), which should be like those that \
      the camera will see. The loss is estimated on the same photos, in points of few-shot accuracy: classes are made of photos \
      that the float32 model finds alike, and an answer that changes costs what the float32 model would have given for it.
      """)

  @Argument(help: ArgumentHelp("The float32 encoder.", valueName: "M.tnn"))
  var model: String

  @Option(help: ArgumentHelp("A folder of photos; 32 to 512 are enough.", valueName: "DIR"))
  var calibration: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "M8.tnn"))
  var output: String

  @Option(help: "How many of the photos to use, evenly spread.")
  var photos = 128

  @Flag(help: "Ranges only: no equalization, adaptive rounding or bias correction.")
  var fast = false

  @Option(
    help: ArgumentHelp(
      "Layers that stay float32, by name; auto: as many as --max-loss asks for, the most harmful first.",
      valueName: "LAYER,...|auto"))
  var keepFloat: String?

  @Option(help: "With --keep-float auto: the largest estimated loss of accuracy, in points.")
  var maxLoss = 0.5

  @Option(
    help: ArgumentHelp(
      "Photos of anything, whose int8 embeddings replace the statistics that the float32 model has stored.", valueName: "DIR"))
  var background: String?

  @Option(
    help: ArgumentHelp(
      """
      With --background: one folder of photos for each of at least \(ScaleTable.ways) classes, on which confidence \
      is fitted for tasks with one or two photos of a class. (default: as the float32 model has it)
      """,
      valueName: "DIR"))
  var classes: String?

  @Option(help: ArgumentHelp("A report in HTML.", valueName: "r.html"))
  var report: String?

  @Option(help: "Threads that compute; the result does not depend on it.")
  var threads = 1

  @OptionGroup var reduction: ArenaReduction

  @OptionGroup var results: OutputOptions

  func validate() throws {
    guard CalibrationPhotos.range ~= photos else {
      throw ValidationError(
        "--photos is \(photos); it must be \(CalibrationPhotos.range.lowerBound) to \(CalibrationPhotos.range.upperBound)")
    }
    guard 1...RuntimeOptions.maximumThreadCount ~= threads else {
      throw ValidationError("--threads is \(threads); it must be 1 to \(RuntimeOptions.maximumThreadCount)")
    }
    if classes != nil, background == nil { throw ValidationError("--classes goes with --background: name photos of anything, too") }
    guard maxLoss > 0, maxLoss.isFinite else { throw ValidationError("--max-loss is \(maxLoss); it must be above 0") }
  }

  func run() throws {
    guard let calibration else {
      throw Failure(
        .usage, "no calibration photos: name a folder of photos like those that the camera will see with --calibration DIR")
    }
    let int8 = try OutputFile(output, .tnn, option: "-o", inputs: [model])
    let page = try report.map { path throws(Failure) in
      try OutputFile(path, .html, option: "--report", inputs: [model], besides: [int8])
    }
    let file = try openEncoderFile(model)
    let encoder: ModelRunner
    do { encoder = try ModelRunner(file: file, threads: threads) } catch { throw Failure(error, in: model) }
    guard !encoder.model.has(.classes) else {
      throw Failure(.badData, "\(model): is a task file; quantize its encoder and learn the classes anew with: edgessl adapt")
    }
    // Where each element of a constant stands takes several times its bytes.
    do { try AvailableMemory.require(8 * file.bytes.count) } catch { throw Failure(error, in: model) }
    let source = Graph(reading: encoder.model)
    guard !source.isQuantized else { throw Failure(.badData, "\(model): is int8 already; quantize the float32 model") }

    let read = try CalibrationPhotos(folder: calibration, limit: photos, for: encoder, model: model)
    let quantized: QuantizedModel
    do { quantized = try self.quantized(source, CalibrationSet(inputs: read.inputs, threads: threads)) } catch let error
      as QuantizationError
    {
      throw Failure(error, model)
    }
    var graph = quantized.graph
    var provenance = Provenance(encoder.model)
    try reduction.apply(to: &graph, &provenance, source: model)
    var writer = graph.lowered()
    if encoder.model.has(.preprocessing) { writer.add(.preprocessing, FileWriter.bytes(of: .preprocessing, in: encoder.model)) }
    provenance.fields.append(("quantized", "int8, \(read.inputs.count) photos\(fast ? ", fast" : "")"))
    let floatPlan: InferencePlan
    do { floatPlan = try InferencePlan(for: encoder.model) } catch { throw Failure(error, in: model) }
    provenance.floatSizes = (file.bytes.count, floatPlan.arenaByteCount)
    writer.add(.provenance, provenance.section)
    let statistics = try QuantizedStatistics(
      of: encoder, int8: writer.finish(), model: model, background: background,
      calibration: read.skipped.isEmpty ? (calibration, read.inputs.count) : nil,
      classes: classes)
    if let section = statistics.section { writer.add(.statistics, section) }
    let bytes = writer.finish()
    let sizes: QuantizationSizes
    do { sizes = try QuantizationSizes(float: encoder.plan, floatFile: file.bytes.count, int8: bytes) } catch {
      throw Failure(.internalError, "\(model): the int8 model does not pass its own check (\(error.reason)); please report this")
    }
    try int8.write(bytes)
    let text = QuantizationText(
      model: model, output: output, quantized: quantized, sizes: sizes, photos: read, statistics: statistics)
    try page?.write(Array(text.html.utf8))
    try results.print(text.json, text: text.summary)
  }

  private func quantized(_ source: Graph, _ photos: CalibrationSet) throws -> QuantizedModel {
    var options = fast ? QuantizationOptions.fast : QuantizationOptions()
    let isAutomatic = keepFloat == "auto"
    if let keepFloat, !isAutomatic { options.floatNodes = Set(keepFloat.split(separator: ",").map(String.init)) }
    var progress: Progress?
    var current: QuantizationStep?
    defer { progress?.finish() }
    return try source.quantized(photos, options, maximumLoss: isAutomatic ? maxLoss : nil) { step, done, total in
      if step != current {
        progress?.finish()
        progress = Progress(step.rawValue, total: total)
        current = step
      }
      progress?.update(done: done)
    }
  }
}

extension Failure {
  fileprivate init(_ error: QuantizationError, _ model: String) {
    switch error {
    case .noPhotos: self.init(.missingInput, "\(model): \(error)")
    case .unknownNodes: self.init(.usage, "\(model): --keep-float: \(error)")
    case .notFinite: self.init(.badData, "\(model): \(error); its weights are damaged: import it again")
    }
  }
}
