import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// Options of measurements in which photos are chosen before they have labels.
struct SelectOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Choose the photos to learn from out of a pool without labels, in one or more ways separated by commas, on the same draws: \
      \(LabelSelection.allCases.map(\.rawValue).joined(separator: ", ")).
      """,
      valueName: "WAYS"))
  var select: String?

  /// Empty where photos are drawn by class.
  func selections() throws(Failure) -> [LabelSelection] {
    var result: [LabelSelection] = []
    for part in select?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      guard let selection = LabelSelection(rawValue: String(part)) else {
        throw Failure(
          .usage,
          "--select: '\(part)' is none of: \(LabelSelection.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      result.append(selection)
    }
    return result
  }
}

extension Evaluate {
  func evaluateSelections(
    _ selections: [LabelSelection], _ methods: [Method], _ location: ModelLocation, _ classes: ClassFolders, _ source: PhotoSource
  ) throws {
    guard methods.count == 1, methods != [.finetune], shifted.shift == nil, report == nil else {
      throw Failure(.usage, "--select: goes with one --method other than finetune, and without --shift and --report")
    }
    let embedded: EmbeddedDataset, drawn: SelectionEpisodes, statistics: StatisticsView?
    do {
      embedded = try EmbeddedDataset.reading(
        classes.folders, source, views: finetune.averagedViews() ?? 1, cache: embeddingCacheFolder()
      ).dataset
    } catch { throw Failure(error, in: location.path) }
    do { drawn = try SelectionEpisodes(embedded, episodeOptions) } catch { throw Failure(.badData, "\(dataset): \(error)") }
    do { statistics = try StatisticsView.of(source.model) } catch { throw Failure(error, in: location.path) }
    var all: [(selection: LabelSelection, measures: SelectionMeasures)] = []
    for selection in selections {
      var progress = Progress("Episodes, \(selection.rawValue)", total: episodes)
      do {
        all.append(
          (
            selection,
            try drawn.measure(selection, methods[0].learning, statistics: statistics, usesRest: unlabelledPool == .rest) {
              progress.update(done: $0)
            }
          ))
      } catch { throw Failure(.badData, "\(location.path): \(error)") }
      progress.finish()
    }
    var table = Table([
      ("labels", .left), ("accuracy", .right), ("", .left), ("to the first", .right), ("", .left), ("classes found", .right),
    ])
    let first = all[0].measures.accuracies
    var rows: [JSON] = []
    for (selection, measures) in all {
      let paired = measures.accuracies.minus(first)
      table.append([
        selection.rawValue, decimal(measures.accuracies.mean, digits: 2), "+- \(decimal(measures.accuracies.interval, digits: 2))",
        decimal(paired.mean, digits: 2), "+- \(decimal(paired.interval, digits: 2))", decimal(measures.classesFound, digits: 2),
      ])
      rows.append([
        "select": .string(selection.rawValue), "accuracy": .number(measures.accuracies.mean),
        "ci95": .number(measures.accuracies.interval), "difference": .number(paired.mean),
        "differenceCi95": .number(paired.interval), "classesFound": .number(measures.classesFound),
        "accuracies": measures.accuracies.json,
      ])
    }
    let rest = unlabelledPool == nil ? "" : ", the rest without labels"
    let text =
      "\(ways)-way, \(grouped(ways * shots)) labels of a pool\(rest), \(methods[0].name), \(episodes) draws\n" + table.text
    try results.print(
      [
        "accuracy": .number(first.mean), "ci95": .number(first.interval), "episodes": .integer(episodes), "ways": .integer(ways),
        "shots": .integer(shots), "queries": .integer(queries), "seed": .integer(Int(truncatingIfNeeded: seed)),
        "unlabelledPool": unlabelledPool.map { .string($0.rawValue) } ?? .null, "method": .string(methods[0].name),
        "model": .string(location.path), "dataset": .string(dataset),
        "skipped": JSON(source.skipped), "selections": .array(rows),
      ], text: text)
  }
}
