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
      """
      Photos without labels that the device's camera took, of the same things: they tell which photos look alike, and up to \
      \(TaskLimits.unlabelledCount) stay in the task as numbers; the encoder is aligned with the camera where they differ from \
      the labelled ones; with --auxiliary rotation they train, too.
      """,
      valueName: "DIR"))
  var unlabelled: String?

  @Flag(help: "With --method finetune: take the trained tail even where held-out photos say that it is not better than without.")
  var ungated = false

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
    try check(method)
    let classes = try ClassFolders(folder, needed: 2, role: "learning", isStrict: strict)
    let encoder = try ModelLocation.encoder(option: model)
    let task = try ModelLocation.task(option: output)
    encoder.announce("encoder")
    task.announce("task")
    let file = try OutputFile(task.path, .tnn, option: "-o", inputs: [encoder.path])
    if method == .finetune, !interruption.resume {
      _ = try OutputFile(interruption.checkpoint(of: task.path).path, .checkpoint, option: "-o", inputs: [encoder.path])
    }
    try task.createFolder()
    guard access(parentFolder(of: task.path), W_OK) == 0 else {
      throw FileError(path: task.path, action: .write, code: errno).failure
    }
    let source = try runtime.photos(encoder.path, strict: strict)
    let camera = try unlabelled.map { folder throws(Failure) in try UnlabelledFolder(folder) }
    do {
      let plan = try plan(source.encoder, method, LearningMaterial(classes.folders, unlabelled: camera?.photos ?? []))
      // Held until the task is written: an edit in between would be lost.
      let lock = try FileLock(task.path, waiting: lockWait())
      try file.check()
      let previous = try previousTask(task.path, source.model)
      let start = monotonicNanoseconds()
      if plan.tail != nil { note(plan.text) }
      let learning = Learning(source, plan)
      try learning.add(classes.folders)
      if let camera { try learning.addUnlabelled(camera.photos) }
      let learned = try learning.finish(over: previous, checkpoint: interruption.checkpoint(of: task.path))
      try learned.write(to: task.path, holding: lock)
      let milliseconds = Double(monotonicNanoseconds() - start) / 1e6
      try report(learned, plan, source, classes, encoder, task, milliseconds)
    } catch LearningError.noUnlabelledPhotos(let files) {
      throw Failure(.badData, "\(camera?.path ?? ""): none of its \(files) files is a photo that can be read")
    } catch { throw Failure(error, in: encoder.path, of: source.model) }
  }

  private func check(_ method: Method) throws(Failure) {
    if method == .finetune {
      guard unlabelled == nil, let kind = finetune.adaptation(seed: seed).needsUnlabelled else { return }
      throw Failure(.usage, "--auxiliary \(kind.name) trains on photos without labels: give --unlabelled, too")
    }
    if finetune.auxiliary != .none {
      throw Failure(.usage, "--auxiliary \(finetune.auxiliary.rawValue) trains the encoder's tail: give --method finetune, too")
    }
    if ungated { throw Failure(.usage, "--ungated trains the encoder's tail: give --method finetune, too") }
    if interruption.resume { throw Failure(.usage, "--resume goes on with a training: give --method finetune, too") }
    _ = try finetune.averagedViews()
  }

  /// The plan that fits, and what it leaves out.
  private func plan(_ encoder: PhotoEncoder, _ method: Method, _ material: LearningMaterial) throws -> LearningPlan {
    var tail = finetune.adaptation(seed: seed)
    tail.isUngated = ungated
    let options: LearningOptions =
      method == .finetune
      ? .training(tail)
      : LearningOptions(method: method.learning, views: try finetune.averagedViews())
    guard let memory else { return try LearningPlan(encoder, options, for: material) }
    let found = try LearningPlan.fitting(memory.byteCount, encoder, options, for: material)
    guard let plan = found.plan else { throw found.refusal }
    if let larger = found.larger, let tail = larger.tail { note("with \(grouped(larger.byteCount)) bytes: \(tail.choice)") }
    if plan.alignedPhotos < material.unlabelled {
      note(
        """
        alignment takes \(plan.alignedPhotos) of \(material.unlabelled) photos without labels, evenly spread: more \
        need more memory
        """
      )
    }
    if plan.keptPhotos < material.kept {
      note(
        """
        the task keeps \(plan.keptPhotos) of \(material.kept) photos without labels, evenly spread: more need more memory
        """
      )
    }
    return plan
  }

  private func report(
    _ learned: LearnedTask, _ plan: LearningPlan, _ source: PhotoSource, _ classes: ClassFolders, _ encoder: ModelLocation,
    _ task: ModelLocation, _ milliseconds: Double
  ) throws(Failure) {
    let knowledge = learned.knowledge, head = learned.head, weights = source.model.weightByteCount
    knowledge.warnOfSharedPhotos()
    if let tail = learned.tail {
      note(tail.verdict)
      if tail.isTrained { note(tail.curve.text) }
    }
    if let camera = learned.camera { note(camera.text) }
    if let unlabelled = learned.unlabelledText { note(unlabelled) }
    note("learned \(knowledge.classes.count) classes from \(knowledge.exampleCount) photos: \(learned.headText)")
    head.warnOfChance()
    noteMemory(planned: plan.byteCount, weights: weights)
    let mostViews = classes.folders.map { plan.options.views ?? View.averagedCount(photos: $0.photos.count) }.max()
    let views: JSON = plan.tail == nil ? mostViews.map { .integer($0) } ?? .null : .null
    var fields: [(name: String, value: JSON)] = [
      ("task", .string(task.path)), ("taskSource", .string(task.reason)), ("encoder", .string(encoder.path)),
      ("encoderSource", .string(encoder.reason)), ("classes", knowledge.json), ("photos", .integer(knowledge.exampleCount)),
      ("skipped", JSON(source.skipped)), ("views", views),
    ]
    fields += head.fields(accuracy: learned.leaveOneOutAccuracy)
    fields += learned.tail?.fields(plan) ?? []
    fields += learned.camera?.fields ?? []
    fields += learned.unlabelledFields
    fields += [
      ("seed", .integer(Int(truncatingIfNeeded: seed))), ("arenaBytes", .integer(source.encoder.runner.plan.arenaByteCount)),
      ("planBytes", .integer(plan.byteCount)), ("weightBytes", .integer(weights)),
      ("residentBytes", .integer(residentByteCounts().peak)), ("fileBytes", .integer(learned.file.count)),
      ("milliseconds", .number(milliseconds)),
    ]
    let lines = knowledge.classes.map { "\($0.name.onOneLine)  \($0.examples.count) photos" }
    try results.print(.object(fields), text: (["written  \(task.path.onOneLine)"] + lines).joined(separator: "\n"))
  }

  /// The task that the file to be written holds now, if its embeddings are comparable.
  private func previousTask(_ path: String, _ encoder: Model) throws(Failure) -> TaskFile? {
    switch PreviousTask(at: path, for: encoder) {
    case .none, .encoder: return nil
    case .task(let task): return task
    case .otherEncoder:
      warn("\(path): is a task of another encoder; it is replaced, and what it knew cannot be brought back")
    case .unreadable(let error): warn("\(Failure(error, in: path).message); it is replaced")
    // An empty one: `OutputFile` refuses others.
    case .noModel: return nil
    }
    return nil
  }
}
