import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import ModelCompiler
import TinyNN

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in a .tnn file: layers, shapes, memory plan, preprocessing, classes, checksum.")

  @Argument(help: ArgumentHelp("The model or task file.", valueName: "M.tnn"))
  var model: String

  @Option(help: ArgumentHelp("Draw the memory plan into this SVG file.", valueName: "out.svg"))
  var plan: String?

  @OptionGroup var output: OutputOptions

  /// Everything that is shown.
  private struct Contents {
    let fileByteCount: Int
    let summary: ModelSummary
    let preprocessing: Preprocessing?
    let statistics: StatisticsView?
    let task: TaskFile?
    let calibration: Calibration?
    let leaveOneOutAccuracy: Double?

    init(_ file: MappedFile, _ model: Model) throws {
      fileByteCount = file.bytes.count
      summary = try ModelSummary(model)
      preprocessing = try model.preprocessing()
      statistics = try StatisticsView.of(model)
      task = try TaskFile(reading: model)
      calibration = task == nil ? nil : try HeadView(model, classes: try ClassesView(model)).calibration
      leaveOneOutAccuracy = try TaskFile.leaveOneOutAccuracy(in: model)
    }
  }

  func run() throws {
    let drawing = try plan.map { path throws(Failure) in try OutputFile(path, .svg, option: "--plan", inputs: [model]) }
    let (file, opened) = try openModelFile(model)
    // The views below lie in the mapped file.
    defer { withExtendedLifetime(file) {} }
    let contents: Contents
    do { contents = try Contents(file, opened) } catch { throw Failure(error, in: model) }
    try drawing?.write(Array(MemoryPlanSVG(contents.summary).text.utf8))
    try output.print(json(contents), text: text(contents))
  }

  private func json(_ contents: Contents) -> JSON {
    let opened = contents.summary.model
    let classes: JSON = contents.task.map { .array($0.knowledge.classes.map(classJSON)) } ?? .null
    let file: [(name: String, value: JSON)] = [
      ("model", .string(model)), ("checksum", .string(hexadecimal(opened.checksum))),
      ("fileBytes", .integer(contents.fileByteCount)),
    ]
    let parts: [(name: String, value: JSON)] = [
      ("plan", planJSON(contents.summary)),
      ("preprocessing", contents.preprocessing?.json ?? .null),
      ("statistics", contents.statistics.map(statisticsJSON) ?? .null),
      ("classes", classes),
      ("calibration", contents.calibration.map { calibrationJSON($0, contents) } ?? .null),
      ("float32", floatJSON(contents)),
      ("provenance", provenanceJSON(opened)),
      ("layers", .array(contents.summary.layers.enumerated().map(layerJSON))),
    ]
    return .object(file + contents.summary.fields + parts)
  }

  private func statisticsJSON(_ statistics: StatisticsView) -> JSON {
    [
      "photos": .integer(statistics.photoCount), "background": .integer(statistics.backgroundCount),
      "scales": ScaleTable(statistics)?.json ?? .null,
    ]
  }

  private func classJSON(_ entry: Knowledge.Class) -> JSON {
    ["label": .string(entry.name), "photos": .integer(entry.examples.count)]
  }

  private func calibrationJSON(_ calibration: Calibration, _ contents: Contents) -> JSON {
    [
      "scale": .float(calibration.scale), "threshold": .float(calibration.threshold),
      "leaveOneOutAccuracy": contents.leaveOneOutAccuracy.map(JSON.number) ?? .null,
    ]
  }

  private func planJSON(_ summary: ModelSummary) -> JSON {
    [
      "arenaBytes": .integer(summary.plan.arenaByteCount), "activationBytes": .integer(summary.plan.activationByteCount),
      "scratchBytes": .integer(summary.plan.scratchByteCount), "lowerBoundBytes": .integer(summary.arenaLowerBound),
      "ratio": .number(ratio(summary)), "threads": .integer(summary.plan.threads),
    ]
  }

  private func ratio(_ summary: ModelSummary) -> Double {
    Double(summary.plan.arenaByteCount) / Double(max(1, summary.arenaLowerBound))
  }

  /// What an int8 file takes of what the float32 file took.
  private func floatRatios(_ contents: Contents) -> (file: Double, arena: Double, sizes: (file: Int, arena: Int))? {
    let model = contents.summary.model
    guard model.has(.provenance), let sizes = Provenance(model).floatSizes else { return nil }
    return (
      Double(contents.fileByteCount) / Double(sizes.file), Double(contents.summary.plan.arenaByteCount) / Double(sizes.arena), sizes
    )
  }

  private func floatJSON(_ contents: Contents) -> JSON {
    guard let ratios = floatRatios(contents) else { return .null }
    return [
      "fileBytes": .integer(ratios.sizes.file), "arenaBytes": .integer(ratios.sizes.arena), "fileRatio": .number(ratios.file),
      "arenaRatio": .number(ratios.arena),
    ]
  }

  private func provenanceJSON(_ model: Model) -> JSON {
    model.has(.provenance) ? .object(Provenance(model).fields.map { ($0.name, .string($0.value)) }) : .null
  }

  private func layerJSON(_ index: Int, _ layer: ModelSummary.Layer) -> JSON {
    [
      "index": .integer(index), "name": .string(layer.name), "operator": .string(layer.operatorName),
      "detail": .string(layer.detail),
      "inputShapes": .array(layer.inputShapes.map { JSON($0.extents) }), "shape": JSON(layer.output.shape.extents),
      "type": .string("\(layer.output.elementType)"), "macs": .integer(layer.multiplyAdds),
      "weightBytes": .integer(layer.weightByteCount),
    ]
  }

  private func text(_ contents: Contents) -> String {
    let summary = contents.summary
    var lines = ["file        \(model), \(grouped(contents.fileByteCount)) bytes, checksum \(hexadecimal(summary.model.checksum))"]
    lines += summary.lines
    lines.append("plan        lower bound \(grouped(summary.arenaLowerBound)) bytes, ratio \(decimal(ratio(summary), digits: 3))")
    if let ratios = floatRatios(contents) {
      lines.append(
        "of float32  file \(decimal(ratios.file, digits: 3)) of \(grouped(ratios.sizes.file)) bytes, "
          + "arena \(decimal(ratios.arena, digits: 3)) of \(grouped(ratios.sizes.arena)) bytes")
    }
    lines.append("photos      \(contents.preprocessing?.text ?? "no preprocessing in the file: only run takes it")")
    if let statistics = contents.statistics {
      lines.append(
        """
        statistics  of \(grouped(statistics.photoCount)) photos, \(statistics.backgroundCount) kept as \
        background\(ScaleTable(statistics) == nil ? "" : ", scales for few photos")
        """
      )
    }
    if let task = contents.task {
      let classes = task.knowledge.classes.map { "\($0.name) (\($0.examples.count))" }.joined(separator: ", ")
      lines.append("classes     \(task.knowledge.classes.count), with their photos: \(classes)")
      lines.append("undo        \(task.history.count) earlier \(task.history.count == 1 ? "state" : "states")")
    }
    if let calibration = contents.calibration {
      lines.append("calibration scale \(calibration.scale), unknown below cosine \(calibration.threshold)")
    }
    for (name, value) in summary.model.has(.provenance) ? Provenance(summary.model).fields : [] {
      lines.append(name + String(repeating: " ", count: max(1, 12 - name.count)) + value)
    }
    return (lines.map(\.onOneLine) + ["", layerTable(summary)]).joined(separator: "\n")
  }

  private func layerTable(_ summary: ModelSummary) -> String {
    var table = Table([
      ("#", .right), ("operator", .left), ("", .left), ("output", .left), ("type", .left), ("MACs", .right),
      ("weights", .right), ("name", .left),
    ])
    for (index, layer) in summary.layers.enumerated() {
      table.append([
        "\(index)", layer.operatorName, layer.detail, layer.output.shape.description, "\(layer.output.elementType)",
        grouped(layer.multiplyAdds), grouped(layer.weightByteCount), layer.name,
      ])
    }
    return table.text
  }
}
