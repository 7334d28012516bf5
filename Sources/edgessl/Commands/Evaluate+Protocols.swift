import ArgumentParser
import FewShotHost
import HostRuntime

/// Options of the measures by which the field compares encoders.
struct ProtocolOptions: ParsableArguments {
  @Option(
    name: .customLong("protocol"),
    help: ArgumentHelp(
      """
      Measure the encoder's embeddings otherwise than by episodes of one --method, one or more ways separated by commas: \
      \(MeasurementProtocol.allCases.map(\.rawValue).joined(separator: ", ")). With --report: a sheet of photos and those nearest \
      to them.
      """,
      valueName: "WAYS"))
  var protocols: String?

  @Flag(help: "Measure by all protocols and print Markdown for a model card, or JSON with --json.")
  var card = false

  @Flag(help: .hidden)
  var draws = false

  /// Empty where none is asked for.
  func list() throws(Failure) -> [MeasurementProtocol] {
    if card {
      guard protocols == nil else { throw Failure(.usage, "--card: measures by all protocols; leave --protocol out") }
      return MeasurementProtocol.allCases
    }
    var result: [MeasurementProtocol] = []
    for part in protocols?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      guard let found = MeasurementProtocol(rawValue: String(part)) else {
        throw Failure(
          .usage, "--protocol: '\(part)' is none of: \(MeasurementProtocol.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      if !result.contains(found) { result.append(found) }
    }
    return result
  }
}

extension Evaluate {
  private struct Measured {
    let name: MeasurementProtocol
    let figures: [MeasuredFigure]
    let seconds: Double
  }

  func evaluateProtocols(
    _ protocols: [MeasurementProtocol], _ location: ModelLocation, _ classes: ClassFolders, _ source: PhotoSource,
    _ html: OutputFile?
  ) throws {
    guard method == "prototype", unlabelledPool == nil, shifted.shift == nil else {
      throw Failure(.usage, "--protocol: measures embeddings; leave --method, --unlabelled-pool and --shift out")
    }
    let began = monotonicNanoseconds()
    let measurement: EncoderMeasurement
    do {
      let (embedded, photos) = try EmbeddedDataset.reading(classes.folders, source, cache: embeddingCacheFolder())
      measurement = try EncoderMeasurement(embedded, photos: photos, seed: seed)
    } catch let error as EpisodeError { throw Failure(.badData, "\(dataset): \(error)") } catch let error as PhotoError {
      throw Failure(error, encoder: location.path)
    }
    let embedding = Double(monotonicNanoseconds() - began) / 1e9
    var measured: [Measured] = []
    for name in protocols {
      let start = monotonicNanoseconds()
      let figures: [MeasuredFigure]
      do {
        figures = try measurement.measure(name, source, episodes: episodes, cache: embeddingCacheFolder())
      } catch let error as EpisodeError { throw Failure(.badData, "\(dataset): \(error)") } catch let error as PhotoError {
        throw Failure(error, encoder: location.path)
      }
      measured.append(Measured(name: name, figures: figures, seconds: Double(monotonicNanoseconds() - start) / 1e9))
    }
    if let html { try html.write(Array(hitSheet(measurement, location).html.utf8)) }
    let seconds = Double(monotonicNanoseconds() - began) / 1e9
    var json: JSON = [
      "model": .string(location.path), "dataset": .string(dataset), "classes": .integer(measurement.dataset.classNames.count),
      "photos": .integer(measurement.dataset.count), "skipped": JSON(source.skipped),
      "seed": .integer(Int(truncatingIfNeeded: seed)),
      "episodes": .integer(episodes),
      "protocols": .object(
        measured.map { ($0.name.rawValue, .object($0.figures.flatMap(\.fields) + [("seconds", .number($0.seconds))])) }),
      "embeddingSeconds": .number(embedding), "seconds": .number(seconds),
    ]
    if measures.draws {
      json.append("draws", .object(measurement.draws.map { ($0.name, .array($0.numbers.map { JSON($0) })) }))
    }
    try results.print(json, text: text(measured, measurement, location, embedding: embedding, seconds: seconds))
  }

  private func text(
    _ measured: [Measured], _ measurement: EncoderMeasurement, _ location: ModelLocation, embedding: Double, seconds: Double
  ) -> String {
    let head =
      "\(location.path) on \(dataset): \(grouped(measurement.dataset.count)) photos of \(measurement.dataset.classNames.count) "
      + "classes, seed \(seed)"
    let time = "\(decimal(seconds, digits: 1)) s, \(decimal(embedding, digits: 1)) of them for the embeddings"
    guard measures.card else {
      var table = Table([("protocol", .left), ("figure", .left), ("", .right), ("", .left)])
      for part in measured {
        for figure in part.figures { table.append([part.name.rawValue, figure.name, figure.text, figure.intervalText]) }
      }
      return "\(head)\n\(table.text)\n\(time)"
    }
    var lines = ["**\(head)**", "", "| protocol | figures | seconds |", "|---|---|---|"]
    for part in measured {
      let figures = part.figures.map { "\($0.name) \($0.text)\($0.intervalText.isEmpty ? "" : " \($0.intervalText)")" }
      lines.append("| \(part.name.rawValue) | \(figures.joined(separator: ", ")) | \(decimal(part.seconds, digits: 1)) |")
    }
    return (lines + ["", "`edgessl evaluate --card`, \(time). Intervals: 95 %, over episodes or five draws."]).joined(
      separator: "\n")
  }

  /// Photos that are spread over the set, each with the eight nearest.
  private func hitSheet(_ measurement: EncoderMeasurement, _ location: ModelLocation) -> HTMLPage {
    var page = HTMLPage(title: "Nearest photos: \(location.path) on \(dataset)")
    let queries = measurement.dataset.ranges.flatMap { Array($0).evenlySpread(atMost: 2) }.evenlySpread(atMost: 24)
    func figure(_ row: Int, _ caption: String) -> String {
      let name = measurement.dataset.classNames[measurement.dataset.className(of: row)]
      return HTMLPage.figure(
        [measurement.photos[row]], caption: "\(caption): \(escapedHTML(name))", alternatives: ["a photo of \(name)"])
    }
    page.body = queries.map { query in
      let hits = measurement.hits(of: query, count: 8).enumerated().map {
        figure($1.row, "\($0 + 1) \($1.isRight ? "same" : "other")")
      }
      return "<div>\(figure(query, "asked"))\(hits.joined())</div><hr>"
    }.joined(separator: "\n")
    return page
  }
}

extension MeasuredFigure {
  /// Areas and agreements lie between 0 and 1 and need more digits.
  private var digits: Int { value == value.rounded() ? 0 : value.magnitude < 1 ? 3 : 2 }

  fileprivate var text: String { decimal(value, digits: digits) }

  fileprivate var intervalText: String { interval.map { "± \(decimal($0, digits: digits))" } ?? "" }

  fileprivate var fields: [(name: String, value: JSON)] {
    [(name, .number(value))] + (interval.map { [("\(name)Ci95", .number($0))] } ?? [])
  }
}
