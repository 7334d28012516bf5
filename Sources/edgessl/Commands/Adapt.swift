import ArgumentParser
import FewShot
import FewShotHost
import Glibc
import HostRuntime
import TinyNN

struct Adapt: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learn classes from a folder that has one folder of photos for each.",
    discussion: """
      Writes a task file that classify needs nothing else with. An existing task file of the same encoder keeps what it knew \
      for: edgessl classes --undo.
      """)

  @Argument(help: ArgumentHelp("One folder of photos for each class.", valueName: "DIR"))
  var folder: String

  @Option(help: ArgumentHelp("The encoder. (default: $EDGESSL_ENCODER, else the shipped one)", valueName: "M.tnn"))
  var model: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The task file. (default: $EDGESSL_TASK, else the current task file)", valueName: "TASK.tnn"))
  var output: String?

  @Option(help: "How it learns: \(Method.names).")
  var method = Method.frozen(.auto).name

  @Option(
    help: ArgumentHelp(
      "Photos without labels that the device's camera took: the encoder is aligned with it where they differ from the labelled ones; with --auxiliary rotation they train, too.",
      valueName: "DIR"))
  var unlabelled: String?

  @OptionGroup var finetune: FinetuneOptions

  @OptionGroup var interruption: InterruptionOptions

  @Option(help: ArgumentHelp("Plan for at most this much memory, or refuse with the smallest that would do.", valueName: "32MB"))
  var memory: ByteSize?

  @Option(help: "Seed of random numbers.")
  var seed: UInt64 = 0

  @Flag(help: "Refuse photos that cannot be read, instead of skipping them with a warning.")
  var strict = false

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func run() throws {
    let method = try Method.one(self.method)
    if finetune.auxiliary != .none, method != .finetune {
      throw Failure(.usage, "--auxiliary \(finetune.auxiliary.rawValue) trains the encoder's tail: give --method finetune, too")
    }
    if interruption.resume, method != .finetune {
      throw Failure(.usage, "--resume goes on with a training: give --method finetune, too")
    }
    if method != .finetune { _ = try finetune.averagedViews() }
    let classes = try ClassFolders(folder, needed: 2, role: "learning")
    let encoder = try ModelLocation.encoder(option: model)
    let task = try ModelLocation.task(option: output)
    encoder.announce("encoder")
    task.announce("task")
    try task.createFolder()
    guard access(parentFolder(of: task.path), W_OK) == 0 else {
      throw FileError(path: task.path, action: .write, code: errno).failure
    }
    let reader = try PhotoReader(runtime, path: encoder.path)
    let camera = try unlabelled.map { folder throws(Failure) in try UnlabelledFolder(folder) }
    let training = method == .finetune ? try planTraining(reader, classes, camera) : nil
    let views = try training == nil ? views(reader, classes, camera) : 1
    let planned = try training?.byteCount ?? plannedByteCount(reader, classes, camera, views: views)
    let mostViews = classes.folders.map { views ?? View.averagedCount(photos: $0.photos.count) }.max()
    let previous = try previousTask(task.path, reader.model)

    let start = monotonicNanoseconds()
    let outcome = try training.map { try learnByTraining(classes, reader, $0, camera, task: task.path) }
    let knowledge = try outcome?.knowledge ?? learn(classes, reader, views: views)
    let aligned = try camera.map { try align(outcome?.trained?.model ?? reader.model, classes, reader, $0) }
    var before = previous ?? TaskFile(outcome?.frozen ?? knowledge, method: outcome == nil ? method.learning : .auto)
    before.replace(by: outcome?.frozen ?? knowledge)
    let adapted = try change(of: reader, by: outcome, aligned, before: before)
    var file = adapted == nil ? before : TaskFile(knowledge)
    file.method = outcome != nil && outcome?.trained == nil ? .auto : method.learning
    let (head, byteCount) = try withExtendedLifetime(adapted) {
      try file.write(encoder: adapted?.model ?? reader.model, from: encoder.path, to: task.path)
    }
    if outcome != nil { removeCheckpoint(of: task.path) }
    let milliseconds = Double(monotonicNanoseconds() - start) / 1e6

    warnOfSharedPhotos(knowledge)
    if let outcome { note(outcome.verdict) }
    if let aligned { note(aligned.text) }
    note("learned \(knowledge.classes.count) classes from \(knowledge.exampleCount) photos: \(head.text)")
    noteMemory(planned: planned, weights: reader.model.weightByteCount)
    let fields: [(name: String, value: JSON)] =
      [
        ("task", .string(task.path)), ("taskSource", .string(task.reason)), ("encoder", .string(encoder.path)),
        ("encoderSource", .string(encoder.reason)), ("classes", knowledge.json), ("photos", .integer(knowledge.exampleCount)),
        ("skipped", JSON(reader.skipped)), ("views", training == nil ? mostViews.map { .integer($0) } ?? .null : .null),
      ] + head.fields + (outcome?.fields ?? []) + (aligned?.fields ?? []) + [
        ("seed", .integer(Int(truncatingIfNeeded: seed))), ("arenaBytes", .integer(reader.opened.encoder.plan.arenaByteCount)),
        ("planBytes", .integer(planned)), ("weightBytes", .integer(reader.model.weightByteCount)),
        ("residentBytes", .integer(residentByteCounts().peak)), ("fileBytes", .integer(byteCount)),
        ("milliseconds", .number(milliseconds)),
      ]
    let lines = knowledge.classes.map { "\($0.name.onOneLine)  \($0.examples.count) photos" }
    try results.print(.object(fields), text: (["written  \(task.path.onOneLine)"] + lines).joined(separator: "\n"))
  }

  /// What learning takes at most, known before the first photo is read. Throws where that is above the budget.
  private func plannedByteCount(
    _ reader: PhotoReader, _ classes: ClassFolders, _ camera: UnlabelledFolder?, views: Int?
  ) throws(Failure) -> Int {
    let planned = try needed(reader, classes, camera, views: views)
    if let memory, planned > memory.byteCount {
      throw Failure(
        .overBudget,
        "\(reader.path): learning from \(classes.photoCount) photos\(camera.map { " and \($0.photos.count) without labels" } ?? "") needs \(grouped(planned)) bytes, \(grouped(reader.encoder.plannedByteCount)) of them for the encoder; --memory allows \(grouped(memory.byteCount))"
      )
    }
    return planned
  }

  private func needed(_ reader: PhotoReader, _ classes: ClassFolders, _ camera: UnlabelledFolder?, views: Int?) throws(Failure)
    -> Int
  {
    let background: Int
    do { background = try StatisticsView.of(reader.model)?.backgroundCount ?? 0 } catch { throw Failure(error, in: reader.path) }
    return reader.encoder.plannedByteCount + (views == 1 ? 0 : reader.encoder.viewByteCount)
      + LearnedHead.plannedByteCount(
        examples: classes.photoCount, classes: classes.folders.count, dimension: reader.encoder.dimension, background: background)
      + (camera.map { plannedByteCount(alignmentOf: reader, classes, $0) } ?? 0)
  }

  /// Views of each photo: as many as were named, else 1 where the budget holds no more, else nil, the usual number.
  private func views(_ reader: PhotoReader, _ classes: ClassFolders, _ camera: UnlabelledFolder?) throws(Failure) -> Int? {
    if let named = try finetune.averagedViews() { return named }
    guard let memory else { return nil }
    return try needed(reader, classes, camera, views: nil) <= memory.byteCount ? nil : 1
  }

  private func learn(_ classes: ClassFolders, _ reader: PhotoReader, views: Int?) throws -> Knowledge {
    var progress = Progress("Learning", total: classes.photoCount)
    defer { progress.finish() }
    var knowledge = Knowledge(dimension: reader.encoder.dimension)
    var done = 0
    for folder in classes.folders {
      let examples = try reader.examples(of: folder, views: views, strict: strict) {
        done += 1
        progress.update(done: done)
      }
      try knowledge.add(examples, to: folder.name)
    }
    return knowledge
  }

  /// A photo of two classes teaches neither.
  private func warnOfSharedPhotos(_ knowledge: Knowledge) {
    var (owners, shared): ([UInt64: Int], [[Int]: Int]) = ([:], [:])
    for (index, known) in knowledge.classes.enumerated() {
      for example in known.examples {
        if let other = owners.updateValue(index, forKey: example.identifier) { shared[[other, index], default: 0] += 1 }
      }
    }
    for (pair, count) in shared.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let names = pair.map { "'\(knowledge.classes[$0].name.onOneLine)'" }
      warn(
        "classes \(names[0]) and \(names[1]) have \(count) \(count == 1 ? "photo" : "photos") in common, which cannot be told apart; remove them from one"
      )
    }
  }

  /// The task that the file to be written holds now, if its embeddings are comparable.
  private func previousTask(_ path: String, _ encoder: Model) throws(Failure) -> TaskFile? {
    guard isFile(path) else { return nil }
    do {
      let (file, old) = try openModelFile(path)
      return try withExtendedLifetime(file) { () throws(ModelError) in
        if old.hasSameEncoder(as: encoder) { return try TaskFile(reading: old) }
        // An adapted task goes back to what it was before.
        if let record = try AdaptationRecord(reading: old), record.restores(old, to: encoder) { return record.previous }
        if old.has(.classes) {
          warn("\(path): is a task of another encoder; it is replaced, and what it knew cannot be brought back")
        }
        return nil
      }
    } catch let error as ModelError {
      warn("\(Failure(error, in: path).message); it is replaced")
    } catch {
      guard MagicNumber.isModel(path) else {
        throw Failure(.cannotCreate, "\(path): is there already and is not a .tnn file; name another file with -o")
      }
      warn("\((error as? Failure)?.message ?? path); it is replaced")
    }
    return nil
  }
}

enum MagicNumber {
  /// True if the file starts as .tnn files do, whatever follows.
  static func isModel(_ path: String) -> Bool {
    guard let file = try? MappedFile(path) else { return false }
    return withExtendedLifetime(file) { file.bytes.count >= 8 && file.bytes.load(UInt64.self, at: 0) == Format.magic }
  }
}
