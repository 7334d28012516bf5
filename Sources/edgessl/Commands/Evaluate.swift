import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import TinyNN

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure an encoder by few-shot episodes, or a task file on labelled photos.",
    discussion: """
      Episodes: classes are drawn, then photos of each to learn from and others to classify; the result is the mean accuracy \
      in percent and its 95 % confidence interval. A task file is measured on folders named like its classes; folders with \
      other names hold things that it should call unknown.
      """)

  @Option(
    help: ArgumentHelp("The encoder, or a task file. (default: $EDGESSL_ENCODER, else the shipped encoder)", valueName: "M.tnn"))
  var model: String?

  @Option(help: ArgumentHelp("One folder of photos for each class.", valueName: "DIR"))
  var dataset: String

  @Option(help: "Classes of an episode.")
  var ways = 5

  @Option(help: "Photos of each class to learn from.")
  var shots = 5

  @Option(help: "Other photos of each class to classify, at most.")
  var queries = 15

  @Option(help: "How many episodes.")
  var episodes = 600

  @Option(help: "Seed of random numbers.")
  var seed: UInt64 = 0

  @Option(help: "How it learns, one or more separated by commas: \(Method.names).")
  var method = "prototype"

  @Option(
    help: ArgumentHelp(
      """
      Episodes learn from photos without labels, too, up to \(UnlabelledPool.perClass) of a class: as many of each (equal), \
      all, a half, a quarter, a tenth and none (unequal), equal and three of ten of other classes (others), of one class only \
      (one), with --select what was not chosen (rest). Says what they gain.
      """,
      valueName: UnlabelledPool.allCases.map(\.rawValue).joined(separator: "|")))
  var unlabelledPool: UnlabelledPool?

  @Option(help: ArgumentHelp("Write a report: one page in HTML with charts and photos.", valueName: "r.html"))
  var report: String?

  @Flag(help: "With --method finetune: train always, without asking held-out photos whether it helps.")
  var ungated = false

  @OptionGroup var finetune: FinetuneOptions

  @OptionGroup var shifted: ShiftOptions

  @OptionGroup var selected: SelectOptions

  @OptionGroup var measures: ProtocolOptions

  @Flag(help: "Refuse photos that cannot be read, instead of skipping them with a warning.")
  var strict = false

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func validate() throws {
    for (name, value, least) in [
      ("--ways", ways, 2), ("--shots", shots, 1), ("--queries", queries, 1), ("--episodes", episodes, 1),
    ]
    where value < least || value > 10_000_000 {
      throw ValidationError("\(name) is \(value); it must be \(least) or more")
    }
  }

  func run() throws {
    let methods = try Method.list(method)
    let selections = try selected.selections(), protocols = try measures.list()
    let location = try ModelLocation.encoder(option: model)
    location.announce("model")
    let (file, opened) = try openModelFile(location.path)
    let isTask = withExtendedLifetime(file) { opened.has(.classes) }
    if isTask, !selections.isEmpty { throw Failure(.usage, "\(location.path): is a task file; --select is for an encoder") }
    if isTask, !protocols.isEmpty { throw Failure(.usage, "\(location.path): is a task file; --protocol is for an encoder") }
    if isTask, unlabelledPool != nil {
      throw Failure(.usage, "\(location.path): is a task file; --unlabelled-pool is for an encoder")
    }
    if isTask { try evaluateTask(location) } else { try evaluateEncoder(location, methods, selections, protocols) }
  }

  // MARK: Episodes

  var episodeOptions: EpisodeOptions {
    var options = EpisodeOptions()
    options.ways = ways
    options.shots = shots
    options.queries = queries
    options.episodes = episodes
    options.seed = seed
    return options
  }

  /// What one episode learns from.
  var episodeMaterial: LearningMaterial {
    let draw = shifted.unlabelledDraw(ways: ways)
    return LearningMaterial(
      photosPerClass: [Int](repeating: shots, count: ways), unlabelled: draw.map { $0.perClass * $0.classes } ?? 0)
  }

  private func evaluateEncoder(
    _ location: ModelLocation, _ methods: [Method], _ selections: [LabelSelection], _ protocols: [MeasurementProtocol]
  ) throws {
    let html = try report.map { path throws(Failure) in
      try OutputFile(path, .html, option: "--report", inputs: [location.path])
    }
    let classes = try ClassFolders(dataset, needed: 2, role: "evaluation", isStrict: strict)
    let source = try runtime.photos(location.path, strict: strict)
    if !protocols.isEmpty { return try evaluateProtocols(protocols, location, classes, source, html) }
    try checkUnlabelledPool(methods, selections)
    if !selections.isEmpty { return try evaluateSelections(selections, methods, location, classes, source) }
    if methods == [.finetune] { return try evaluateFinetune(location, classes, source) }
    if shifted.shift != nil { return try evaluateShift(location, classes, source, methods) }
    let views = try finetune.averagedViews() ?? 1, options = episodeOptions
    let plan: LearningPlan, embedded: EmbeddedDataset, photos: [String]
    do {
      plan = try LearningPlan(
        measuring: source.encoder, methods.map(\.learning), views: views, photos: classes.photoCount,
        classes: classes.folders.count, options, shots: html == nil ? shots : max(shots, Evaluate.reportedShots.max()!),
        unlabelled: unlabelledPool == nil ? 0 : 3 * ways * UnlabelledPool.perClass / 2)
    } catch { throw Failure(error, in: location.path) }
    do {
      (embedded, photos) = try EmbeddedDataset.reading(classes.folders, source, views: views, cache: embeddingCacheFolder())
    } catch { throw Failure(error, encoder: location.path) }
    let drawn: Episodes
    do {
      drawn = try Episodes(embedded, options)
      try unlabelledPool.map(drawn.checkPool)
    } catch { throw Failure(.badData, "\(dataset): \(error)") }
    let statistics: StatisticsView?
    do { statistics = try StatisticsView.of(source.model) } catch { throw Failure(error, in: location.path) }
    var all: [(name: String, measures: EpisodeMeasures)] = []
    for method in methods {
      var progress = Progress("Episodes, \(method.name)", total: episodes)
      let measures: EpisodeMeasures
      do {
        measures = try drawn.measure(method.learning, statistics: statistics, pool: unlabelledPool) { progress.update(done: $0) }
      } catch {
        throw Failure(.badData, "\(location.path): \(error)")
      }
      progress.finish()
      all.append((method.name, measures))
    }
    if let html {
      let page = EpisodeReport(
        title: "\(ways)-way episodes: \(location.path) on \(dataset)", methods: all,
        accuracyByShots: try accuracyByShots(methods, embedded, options, statistics), dataset: embedded, photos: photos)
      try html.write(Array(page.html.utf8))
    }
    let fields: [(name: String, value: JSON)] =
      all[0].measures.fields + [
        ("episodes", .integer(episodes)), ("ways", .integer(ways)), ("shots", .integer(shots)), ("queries", .integer(queries)),
        ("seed", .integer(Int(truncatingIfNeeded: seed))), ("method", .string(all[0].name)), ("views", .integer(views)),
        ("model", .string(location.path)), ("unlabelledPool", unlabelledPool.map { .string($0.rawValue) } ?? .null),
        ("dataset", .string(dataset)), ("classes", .integer(classes.folders.count)),
        ("photos", .integer(classes.photoCount - source.skipped.count)), ("skipped", JSON(source.skipped)),
      ] + plan.fields(weights: source.model.weightByteCount) + [
        (
          "methods",
          .array(all.map { .object([("method", .string($0.name))] + $0.measures.fields + $0.measures.comparison(all[0].measures)) })
        )
      ]
    let lines = all.map {
      """
      \(ways)-way \(shots)-shot, \($0.name): \(decimal($0.measures.accuracies.mean, digits: 2)) % +- \
      \(decimal($0.measures.accuracies.interval, digits: 2)) over \(episodes) episodes\($0.measures.unlabelled?.text ?? "")
      """
    }
    try results.print(.object(fields), text: lines.joined(separator: "\n"))
    noteMemory(planned: plan.byteCount, weights: source.model.weightByteCount)
  }

  /// Photos of a class to learn from in a report's curve, besides `shots`.
  private static let reportedShots = [1, 2, 5, 10, 20]

  /// The accuracy of each method at several numbers of photos, as far as the dataset has them, over at most 200 episodes.
  private func accuracyByShots(
    _ methods: [Method], _ embedded: EmbeddedDataset, _ options: EpisodeOptions,
    _ statistics: StatisticsView?
  ) throws -> [(name: String, points: [(shots: Int, mean: Double, interval: Double)])] {
    try methods.map { method in
      var points: [(shots: Int, mean: Double, interval: Double)] = []
      for shots in Set(Evaluate.reportedShots + [shots]).sorted() {
        var some = options
        some.shots = shots
        some.episodes = min(200, episodes)
        guard let drawn = try? Episodes(embedded, some) else { continue }
        let found = try drawn.measure(method.learning, statistics: statistics).accuracies
        points.append((shots, found.mean, found.interval))
      }
      return (method.name, points)
    }
  }
}

extension EpisodeMeasures {
  /// For JSON; rates are in percent, areas and calibration errors between 0 and 1.
  fileprivate var fields: [(name: String, value: JSON)] {
    let signals = (rejection ?? []).map { signal -> JSON in
      ["signal": .string(signal.name), "auroc": .number(signal.auroc), "falseAcceptance95": .number(100 * signal.falseAcceptance)]
    }
    return [
      ("accuracy", .number(accuracies.mean)), ("ci95", .number(accuracies.interval)), ("accuracies", accuracies.json),
      ("calibrationError", .number(calibrationError)),
      ("acceptedKnown", .number(100 * accepted)), ("rejectedOther", refused.map { .number(100 * $0) } ?? .null),
      ("rejection", .array(signals)), ("chosen", .object(chosen.map { ("\($0.method)", .integer($0.episodes)) })),
    ] + (unlabelled?.fields ?? [])
  }

  /// The mean difference to `reference` over the same episodes, and its 95 % confidence interval.
  fileprivate func comparison(_ reference: EpisodeMeasures) -> [(name: String, value: JSON)] {
    let paired = accuracies.minus(reference.accuracies)
    return [("difference", .number(paired.mean)), ("differenceCi95", .number(paired.interval))]
  }
}

extension EpisodeResult {
  /// One number for each episode, so that results on the same episodes can be paired.
  var json: JSON { .array(accuracies.map { .number($0) }) }
}
