import ArgumentParser
import FewShot
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

  @Option(help: ArgumentHelp("The encoder, or a task file. (default: $EDGESSL_ENCODER, else the shipped encoder)", valueName: "M.tnn"))
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

  @Option(help: "How it learns: \(Method.available.joined(separator: ", ")).")
  var method = Method.available[0]

  @Option(help: ArgumentHelp("A report in HTML. Not there yet.", valueName: "r.html"))
  var report: String?

  @Flag(help: "With --method finetune: train always, without asking held-out photos whether it helps.")
  var ungated = false

  @OptionGroup var finetune: FinetuneOptions

  @Flag(help: "Refuse photos that cannot be read, instead of skipping them with a warning.")
  var strict = false

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func validate() throws {
    for (name, value, least) in [("--ways", ways, 2), ("--shots", shots, 1), ("--queries", queries, 1), ("--episodes", episodes, 1)]
    where value < least || value > 10_000_000 {
      throw ValidationError("\(name) is \(value); it must be \(least) or more")
    }
  }

  func run() throws {
    try Method.check(method)
    if report != nil { throw Failure(.usage, "--report is not there yet; leave it out") }
    let location = try ModelLocation.encoder(option: model)
    location.announce("model")
    let (file, opened) = try openModelFile(location.path)
    let isTask = withExtendedLifetime(file) { opened.has(.classes) }
    if isTask { try evaluateTask(location) } else { try evaluateEpisodes(location) }
  }

  // MARK: Episodes

  private func evaluateEpisodes(_ location: ModelLocation) throws {
    let classes = try ClassFolders(dataset, needed: 2, role: "evaluation")
    let reader = try PhotoReader(runtime, path: location.path)
    if method == "finetune" { return try evaluateFinetune(location, classes, reader) }
    let embedded = try embed(classes, reader)
    var options = EpisodeOptions()
    (options.ways, options.shots, options.queries, options.episodes, options.seed) = (ways, shots, queries, episodes, seed)
    let drawn: Episodes
    do { drawn = try Episodes(embedded, options) } catch { throw Failure(.badData, "\(dataset): \(error)") }
    var progress = Progress("Episodes", total: episodes)
    let result = drawn.run { progress.update(done: $0) }
    progress.finish()
    try results.print(
      [
        "accuracy": .number(result.mean), "ci95": .number(result.interval), "episodes": .integer(episodes), "ways": .integer(ways),
        "shots": .integer(shots), "queries": .integer(queries), "seed": .integer(Int(truncatingIfNeeded: seed)), "method": .string(method),
        "model": .string(location.path), "dataset": .string(dataset), "classes": .integer(classes.folders.count),
        "photos": .integer(classes.photoCount - reader.skipped.count), "skipped": JSON(reader.skipped),
      ],
      text:
        "\(ways)-way \(shots)-shot, \(method): \(decimal(result.mean, digits: 2)) % +- \(decimal(result.interval, digits: 2)) over \(episodes) episodes")
  }

  private func embed(_ classes: ClassFolders, _ reader: PhotoReader) throws -> EmbeddedDataset {
    var progress = Progress("Embedding", total: classes.photoCount)
    defer { progress.finish() }
    var embedded = EmbeddedDataset(dimension: reader.encoder.dimension)
    var done = 0
    for folder in classes.folders {
      var embeddings: [[Float]] = []
      for photo in folder.photos {
        if let embedding = try reader.embedding(of: photo, strict: strict) { embeddings.append(embedding) }
        done += 1
        progress.update(done: done)
      }
      embedded.add(folder.name, embeddings)
    }
    return embedded
  }

  // MARK: Finetune

  private func evaluateFinetune(_ location: ModelLocation, _ classes: ClassFolders, _ reader: PhotoReader) throws {
    let model = reader.model
    let adapter: TailAdapter, embedded: EmbeddedDataset
    do {
      let plan = try AdaptationPlan(
        for: model, finetune.adaptation(seed: seed), photos: classes.photoCount, classes: ways, trunkByteCount: reader.encoder.plannedByteCount)
      let places = TrunkRunner.places(plan.options)
      let cutTensor = plan.cutTensor
      let cache = CutCache(count: classes.photoCount * places, entryCount: plan.training.cutCount, map: model.tensor(cutTensor).quantization)
      embedded = try embed(classes, reader, TrunkRunner(reader.encoder, plan, cutTensor: cutTensor), cache, places)
      adapter = try TailAdapter(model, plan, cache: cache)
    } catch let error as TrainingError { throw Failure(error, in: model, path: location.path) }
    var options = EpisodeOptions()
    (options.ways, options.shots, options.queries, options.episodes, options.seed) = (ways, shots, queries, episodes, seed)
    let drawn: Episodes
    do { drawn = try Episodes(embedded, options) } catch { throw Failure(.badData, "\(dataset): \(error)") }
    var progress = Progress("Episodes", total: episodes)
    let result = drawn.runFinetune(adapter, gated: !ungated) { progress.update(done: $0) }
    progress.finish()
    let (accuracy, frozen, gain) = (result.accuracy, result.frozenAccuracy, result.gain)
    func percent(_ result: EpisodeResult) -> String { "\(decimal(result.mean, digits: 2)) % +- \(decimal(result.interval, digits: 2))" }
    try results.print(
      [
        "accuracy": .number(accuracy.mean), "ci95": .number(accuracy.interval), "episodes": .integer(episodes), "ways": .integer(ways),
        "shots": .integer(shots), "queries": .integer(queries), "seed": .integer(Int(truncatingIfNeeded: seed)), "method": .string(method),
        "frozenAccuracy": .number(frozen.mean), "frozenCI95": .number(frozen.interval), "gain": .number(gain.mean),
        "gainCI95": .number(gain.interval), "trainedEpisodes": .integer(result.takenCount), "auxiliary": .string(finetune.auxiliary),
        "tailLayers": .integer(adapter.plan.layers), "trainedWeights": .integer(adapter.plan.training.trainedCount),
        "trainingBytes": .integer(adapter.plan.training.arenaByteCount),
        "model": .string(location.path), "dataset": .string(dataset), "classes": .integer(classes.folders.count),
        "photos": .integer(classes.photoCount - reader.skipped.count), "skipped": JSON(reader.skipped),
      ],
      text: """
        \(ways)-way \(shots)-shot, finetune of the last \(adapter.plan.layers) layers: \(percent(accuracy)) over \(episodes) episodes
        prototypes of the same episodes: \(percent(frozen)); gain \(decimal(gain.mean, digits: 2)) +- \(decimal(gain.interval, digits: 2));         trained in \(result.takenCount) of them
        """)
  }

  private func embed(
    _ classes: ClassFolders, _ reader: PhotoReader, _ trunk: TrunkRunner, _ cache: CutCache, _ places: Int
  ) throws -> EmbeddedDataset {
    var progress = Progress("Embedding", total: classes.photoCount)
    defer { progress.finish() }
    var embedded = EmbeddedDataset(dimension: reader.encoder.dimension)
    var (done, row) = (0, 0)
    for folder in classes.folders {
      var embeddings: [[Float]] = []
      for photo in folder.photos {
        if let input = try reader.networkInput(of: photo, strict: strict) {
          trunk.add(input, identifier: UInt64(row), to: cache, at: row * places)
          embeddings.append(try reader.encoder.embedding(ofInput: input))
          row += 1
        }
        done += 1
        progress.update(done: done)
      }
      embedded.add(folder.name, embeddings)
    }
    return embedded
  }

  // MARK: A task

  private func evaluateTask(_ location: ModelLocation) throws {
    let classes = try ClassFolders(dataset, needed: 1, role: "evaluation")
    let task = try OpenedTask(runtime, location)
    guard classes.folders.contains(where: { task.names.contains($0.name) }) else {
      throw Failure(.badData, "\(dataset): no folder is named like one of the task's classes: \(task.names.joined(separator: ", "))")
    }
    var progress = Progress("Classifying", total: classes.photoCount)
    var evaluation = TaskEvaluation(classCount: task.names.count)
    var done = 0
    for folder in classes.folders {
      let label = task.names.firstIndex(of: folder.name)
      for photo in folder.photos {
        if let embedding = try task.reader.embedding(of: photo, strict: strict) {
          evaluation.add(task.classify(embedding).prediction, label: label)
        }
        done += 1
        progress.update(done: done)
      }
    }
    progress.finish()
    guard evaluation.knownCount > 0 else { throw Failure(.badData, "\(dataset): no photo of a known class can be read") }
    try results.print(json(evaluation, task, location), text: text(evaluation, task.names))
  }

  private func json(_ evaluation: TaskEvaluation, _ task: OpenedTask, _ location: ModelLocation) -> JSON {
    func percent(_ part: Int, of whole: Int) -> JSON { whole == 0 ? .null : .number(100 * Double(part) / Double(whole)) }
    return [
      "accuracy": .number(100 * evaluation.accuracy), "method": .string("\(task.head.method)"), "classes": JSON(task.names),
      "confusion": .array(evaluation.confusion.map { JSON($0) }), "calibrationError": .number(evaluation.calibrationError()),
      "knownPhotos": .integer(evaluation.knownCount), "acceptedKnown": percent(evaluation.acceptedCount, of: evaluation.knownCount),
      "otherPhotos": .integer(evaluation.otherCount), "rejectedOther": percent(evaluation.rejectedCount, of: evaluation.otherCount),
      "auroc": evaluation.rejectionAUROC.map { .number($0) } ?? .null, "threshold": .float(task.head.calibration.threshold),
      "model": .string(location.path), "dataset": .string(dataset), "skipped": JSON(task.reader.skipped),
    ]
  }

  private func text(_ evaluation: TaskEvaluation, _ names: [String]) -> String {
    func percent(_ part: Int, of whole: Int) -> String { decimal(100 * Double(part) / Double(max(1, whole)), digits: 1) + " %" }
    var table = Table([("true \\ predicted", .left)] + names.map { ($0.onOneLine, .right) })
    for (name, row) in zip(names, evaluation.confusion) { table.append([name.onOneLine] + row.map { "\($0)" }) }
    var lines = [
      table.text, "",
      "accuracy   \(decimal(100 * evaluation.accuracy, digits: 1)) % of \(evaluation.knownCount) photos of known classes",
      "confidence expected calibration error \(decimal(evaluation.calibrationError(), digits: 3)) (15 bins)",
      "accepted   \(percent(evaluation.acceptedCount, of: evaluation.knownCount)) of known classes",
    ]
    if let area = evaluation.rejectionAUROC {
      lines.append(
        "rejected   \(percent(evaluation.rejectedCount, of: evaluation.otherCount)) of \(evaluation.otherCount) other photos, AUROC \(decimal(area, digits: 3))")
    }
    return lines.joined(separator: "\n")
  }
}
