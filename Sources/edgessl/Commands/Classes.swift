import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import TinyNN

struct Classes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List and edit what a task knows, without its old photos.",
    discussion: "The edits of one call are one step for --undo, which goes back up to \(TaskLimits.snapshotCount) steps.")

  @Argument(help: ArgumentHelp("The task file. (default: $EDGESSL_TASK, else the current task file)", valueName: "TASK.tnn"))
  var task: String?

  @Option(help: ArgumentHelp("Learn a class, or more photos of one, from a folder of photos.", valueName: "NAME=DIR"))
  var add: [String] = []

  @Option(
    help: ArgumentHelp("With --add: views of each photo whose mean embedding is learned. (default: as for adapt)", valueName: "N"))
  var views: Int?

  @Option(help: ArgumentHelp("Forget a class.", valueName: "NAME"))
  var remove: [String] = []

  @Option(help: ArgumentHelp("Give a class another name.", valueName: "OLD=NEW"))
  var rename: [String] = []

  @Option(
    help: ArgumentHelp("Add what another device learned with the same encoder; any order gives the same.", valueName: "OTHER.tnn"))
  var merge: [String] = []

  @Option(help: ArgumentHelp("Forget one photo, by the identifier that --list --json shows.", valueName: "ID"))
  var removePhoto: [String] = []

  @Flag(help: "Go back to what it knew before the last change.")
  var undo = false

  @Flag(help: "List the classes; also what happens without options. With --json, the photos' identifiers too.")
  var list = false

  @Flag(help: "Refuse photos that cannot be read, instead of skipping them with a warning.")
  var strict = false

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  private var hasEdits: Bool { !(add.isEmpty && remove.isEmpty && rename.isEmpty && merge.isEmpty && removePhoto.isEmpty) }

  func validate() throws {
    if let views, !(1...View.averaged.count ~= views) {
      throw ValidationError("--views is \(views); it must be 1 to \(View.averaged.count)")
    }
    if undo, hasEdits { throw ValidationError("--undo goes alone, without other edits") }
    for (option, values) in [("--add", add), ("--rename", rename)] {
      for value in values where !isPair(value) {
        throw ValidationError("\(option) \(value): write \(option == "--add" ? "NAME=DIR" : "OLD=NEW")")
      }
    }
  }

  func validatedPhotos() throws(Failure) -> [UInt64] {
    var identifiers: [UInt64] = []
    for text in removePhoto {
      guard let identifier = PhotoIdentifier.parse(text) else {
        throw Failure(
          .usage, "--remove-photo \(text): an identifier has 16 hexadecimal digits; list them with: edgessl classes --list --json")
      }
      identifiers.append(identifier)
    }
    return identifiers
  }

  func run() throws {
    let photos = try validatedPhotos()
    let location = try ModelLocation.task(option: task)
    location.announce("task")
    try location.requireTask()
    let (file, model) = try openModelFile(location.path)
    try withExtendedLifetime(file) {
      var stored = try TaskFile(in: model, path: location.path)
      var head: LearnedHead?
      var isAdapted = model.has(.adaptation)
      if undo, stored.history.isEmpty, let record = try adaptation(of: model, location.path) {
        stored = record.previous
        let restored = AlignedMemory(copying: record.restored(model))
        let encoder = try open(restored, location.path)
        head = try withExtendedLifetime(restored) {
          try stored.write(encoder: encoder, from: location.path, to: location.path).head
        }
        isAdapted = false
        note("the encoder is as it was before its adaptation")
      } else if undo || hasEdits {
        try edit(&stored, model, photos, location.path)
        let learned = try stored.write(encoder: model, from: location.path, to: location.path).head
        note("now \(stored.knowledge.classes.count) classes from \(stored.knowledge.exampleCount) photos: \(learned.text)")
        head = learned
      }
      try report(stored, head, location, isAdapted: isAdapted)
    }
  }

  private func open(_ memory: AlignedMemory, _ path: String) throws(Failure) -> Model {
    do { return try Model(validating: memory.bytes) } catch { throw Failure(error, in: path) }
  }

  private func adaptation(of model: Model, _ path: String) throws(Failure) -> AdaptationRecord? {
    do { return try AdaptationRecord(reading: model) } catch { throw Failure(error, in: path) }
  }

  private func edit(_ stored: inout TaskFile, _ model: Model, _ photos: [UInt64], _ path: String) throws {
    if undo { return try stored.undo() }
    var new = stored.knowledge
    // Renaming first, then adding and merging, then removing: all names on the command line are the new ones, and a class can be
    // replaced without passing through a single one.
    for pair in rename {
      let (old, name) = split(pair)
      try new.rename(old, to: name)
    }
    if !add.isEmpty {
      let reader = try PhotoReader(runtime, path: path)
      for pair in add {
        let (name, folder) = split(pair)
        let photos: [String]
        do { photos = try PhotoFolder.photos(in: folder) } catch { throw ClassFolders.failure(error) }
        guard !photos.isEmpty else { throw Failure(.badData, "\(folder): has no photos for class '\(name)'; add some") }
        var progress = Progress("Learning '\(name)'", total: photos.count)
        var done = 0
        let examples = try reader.examples(of: PhotoFolder(name: name, photos: photos), views: views, strict: strict) {
          done += 1
          progress.update(done: done)
        }
        progress.finish()
        let added = try new.add(examples, to: name)
        note("'\(name)': \(added) new photos\(added < examples.count ? ", \(examples.count - added) known already" : "")")
      }
    }
    for other in merge {
      let (file, theirs) = try openModelFile(other)
      let added = try withExtendedLifetime(file) {
        guard theirs.hasSameEncoder(as: model) else { throw Failure(.badData, "\(other): \(TaskEditError.otherEmbeddings)") }
        return try new.merge(try TaskFile(in: theirs, path: other).knowledge)
      }
      note("\(other): \(added) new photos")
    }
    for photo in photos { try new.removePhoto(photo) }
    for name in remove { try new.remove(name) }
    stored.replace(by: new)
  }

  private func report(_ stored: TaskFile, _ head: LearnedHead?, _ location: ModelLocation, isAdapted: Bool) throws(Failure) {
    let fields: [(name: String, value: JSON)] = [
      ("task", .string(location.path)), ("classes", list ? stored.knowledge.jsonWithPhotos : stored.knowledge.json),
      ("photos", .integer(stored.knowledge.exampleCount)), ("undoSteps", .integer(stored.history.count)),
      ("adapted", .bool(isAdapted)),
    ]
    try results.print(
      .object(fields + (head?.fields ?? [])),
      text: stored.knowledge.classes.map { "\($0.name.onOneLine)  \($0.examples.count) photos" }.joined(separator: "\n"))
  }

  private func isPair(_ value: String) -> Bool {
    guard let separator = value.firstIndex(of: "=") else { return false }
    return separator != value.startIndex && value.index(after: separator) != value.endIndex
  }

  private func split(_ pair: String) -> (String, String) {
    let separator = pair.firstIndex(of: "=")!
    return (String(pair[..<separator]), String(pair[pair.index(after: separator)...]))
  }
}
