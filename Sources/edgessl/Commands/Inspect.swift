import ArgumentParser
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

  func run() throws {
    let (file, opened) = try openModelFile(model)
    let summary: ModelSummary
    do { summary = try ModelSummary(opened) } catch { throw Failure(error, in: model) }
    let preprocessing = try opened.preprocessing(in: model)
    if let plan { try writeFile(Array(MemoryPlanSVG(summary).text.utf8), to: plan) }
    try output.print(
      json(summary, preprocessing, fileByteCount: file.bytes.count),
      text: text(summary, preprocessing, fileByteCount: file.bytes.count))
  }

  private func json(_ summary: ModelSummary, _ preprocessing: Preprocessing?, fileByteCount: Int) -> JSON {
    let opened = summary.model
    return .object(
      [("model", .string(model)), ("checksum", .string(hexadecimal(opened.checksum))), ("fileBytes", .integer(fileByteCount))]
        + summary.fields + [
          ("plan", planJSON(summary)),
          ("preprocessing", preprocessing?.json ?? .null),
          ("provenance", provenanceJSON(opened)),
          ("layers", .array(summary.layers.enumerated().map(layerJSON))),
        ])
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

  private func provenanceJSON(_ model: Model) -> JSON {
    model.has(.provenance) ? .object(Provenance(model).fields.map { ($0.name, .string($0.value)) }) : .null
  }

  private func layerJSON(_ index: Int, _ layer: ModelSummary.Layer) -> JSON {
    [
      "index": .integer(index), "name": .string(layer.name), "operator": .string(layer.operatorName), "detail": .string(layer.detail),
      "inputShapes": .array(layer.inputShapes.map { JSON($0.extents) }), "shape": JSON(layer.output.shape.extents),
      "type": .string("\(layer.output.elementType)"), "macs": .integer(layer.multiplyAdds),
      "weightBytes": .integer(layer.weightByteCount),
    ]
  }

  private func text(_ summary: ModelSummary, _ preprocessing: Preprocessing?, fileByteCount: Int) -> String {
    var lines = ["file        \(model), \(grouped(fileByteCount)) bytes, checksum \(hexadecimal(summary.model.checksum))"]
    lines += summary.lines
    lines.append(
      "plan        lower bound \(grouped(summary.arenaLowerBound)) bytes, ratio \(decimal(ratio(summary), digits: 3))")
    lines.append("photos      \(preprocessing?.text ?? "no preprocessing in the file: only run takes it")")
    for (name, value) in summary.model.has(.provenance) ? Provenance(summary.model).fields : [] {
      lines.append(name + String(repeating: " ", count: max(1, 12 - name.count)) + value)
    }
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
    return (lines.map(\.onOneLine) + ["", table.text]).joined(separator: "\n")
  }
}
