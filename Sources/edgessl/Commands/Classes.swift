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
    help: ArgumentHelp(
      "Add what another device learned with the same encoder, or all task files of a folder; any order gives the same.",
      valueName: "OTHER"))
  var merge: [String] = []

  @Option(help: ArgumentHelp("Forget one photo, by the identifier that --list --json shows.", valueName: "ID"))
  var removePhoto: [String] = []

  @Flag(help: "Forget the photos without labels that --unlabelled of adapt left in the task; it cannot be undone.")
  var forgetUnlabelled = false

  @Flag(help: "Go back to what it knew before the last change.")
  var undo = false

  @Flag(help: "List the classes; also what happens without options. With --json, the photos' identifiers too.")
  var list = false

  @Flag(help: "Refuse photos that cannot be read, instead of skipping them with a warning.")
  var strict = false

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  private var hasEdits: Bool {
    !(add.isEmpty && remove.isEmpty && rename.isEmpty && merge.isEmpty && removePhoto.isEmpty) || forgetUnlabelled
  }

  func validate() throws {
    if let views, !(1...View.averagedCount ~= views) {
      throw ValidationError("--views is \(views); it must be 1 to \(View.averagedCount)")
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
    do {
      var editor = try TaskEditor(contentsOf: location.path, locksFile: undo || hasEdits, waiting: lockWait())
      var head: LearnedHead?
      let unlabelled = editor.task.unlabelled?.count ?? 0
      if undo, try editor.undo() {
        head = try editor.write(to: location.path)
        note("the encoder is as it was before its adaptation")
        if unlabelled > 0 { note("the \(unlabelled) photos without labels are forgotten: they were seen by the adapted encoder") }
      } else if undo || hasEdits {
        if !undo { try edit(&editor, photos, location.path) }
        if forgetUnlabelled {
          note("\(unlabelled) photos without labels are forgotten")
          editor.forgetUnlabelled()
        }
        let learned = try editor.write(to: location.path), knowledge = editor.task.knowledge
        let accuracy = try editor.leaveOneOutAccuracy(of: learned)
        let text = learned.text(accuracy: accuracy, of: editor.isAligned ? "with the aligned encoder" : nil)
        note("now \(knowledge.classes.count) classes from \(knowledge.exampleCount) photos: \(text)")
        learned.warnOfChance()
        head = learned
      }
      if undo || hasEdits { editor.task.knowledge.warnOfSharedPhotos() }
      try report(editor, head, location)
    } catch { throw Failure(error, in: location.path) }
  }

  private func edit(_ editor: inout TaskEditor, _ photos: [UInt64], _ path: String) throws {
    let encoder = editor.model
    try editor.edit { new in
      // Renaming first, then adding and merging, then removing: all names on the command line are the new ones, and a class can be
      // replaced without passing through a single one.
      for pair in rename {
        let (old, name) = split(pair)
        try new.rename(old, to: name)
      }
      if !add.isEmpty {
        let source = try runtime.photos(path, strict: strict)
        for pair in add { try learn(pair, from: source, &new) }
      }
      for other in merge { try merge(other, with: encoder, &new) }
      for photo in photos {
        let names = try new.removePhoto(photo)
        if names.count > 1 {
          note(
            "\(PhotoIdentifier.text(photo)): went from \(names.count) classes: \(names.map { "'\($0)'" }.joined(separator: ", "))")
        }
      }
      for name in remove { try new.remove(name) }
    }
  }

  private func learn(_ pair: String, from source: PhotoSource, _ new: inout Knowledge) throws {
    let (name, folder) = split(pair)
    let photos: [String]
    let unclaimed: [UnclaimedEntry]
    do {
      photos = try PhotoFolder.photos(in: folder)
      unclaimed = try PhotoFolder.unclaimed(inClass: folder)
    } catch { throw ClassFolders.failure(error) }
    try ClassFolders.report(unclaimed, isStrict: strict)
    guard !photos.isEmpty else { throw Failure(.badData, "\(folder): has no photos for class '\(name)'; add some") }
    let examples = try source.examples(of: PhotoFolder(name: name, photos: photos), views: views)
    let added = try new.add(examples, to: name)
    note("'\(name)': \(added) new photos\(added < examples.count ? ", \(examples.count - added) known already" : "")")
  }

  private func merge(_ other: String, with encoder: Model, _ new: inout Knowledge) throws {
    let files: [String]?
    do { files = try TaskFile.files(in: other) } catch { throw Failure(error, in: other) }
    if let files, files.isEmpty { throw Failure(.badData, "\(other): a folder without task files (*.tnn)") }
    var photos = 0, unlabelled = 0
    for file in files ?? [other] {
      let added = try merged(file, with: encoder, &new)
      photos += added.photos
      unlabelled += added.unlabelled
    }
    let all = files.map { "\(grouped($0.count)) task files, " } ?? ""
    note("\(other): \(all)\(grouped(photos)) new photos")
    if unlabelled > 0 { note("\(other): its \(unlabelled) photos without labels stay there: they are of its camera") }
  }

  private func merged(_ other: String, with encoder: Model, _ new: inout Knowledge) throws -> (photos: Int, unlabelled: Int) {
    do {
      let editor = try TaskEditor(contentsOf: other)
      return (try new.merge(editor.knowledge(comparableWith: encoder)), editor.task.unlabelled?.count ?? 0)
    } catch TaskEditError.otherEmbeddings {
      throw Failure(.badData, "\(other): \(TaskEditError.otherEmbeddings)")
    } catch let error as TaskEditError { throw error.failure } catch { throw Failure(error, in: other) }
  }

  private func report(_ editor: TaskEditor, _ head: LearnedHead?, _ location: ModelLocation) throws {
    let stored = editor.task, learned = try head.map { $0.fields(accuracy: try editor.leaveOneOutAccuracy(of: $0)) } ?? []
    let fields: [(name: String, value: JSON)] = [
      ("task", .string(location.path)), ("classes", list ? stored.knowledge.jsonWithPhotos : stored.knowledge.json),
      ("photos", .integer(stored.knowledge.exampleCount)), ("undoSteps", .integer(stored.history.count)),
      ("adapted", .bool(editor.isAdapted)), ("unlabelled", .integer(stored.unlabelled?.without(stored.knowledge).count ?? 0)),
    ]
    try results.print(
      .object(fields + learned),
      text: (stored.knowledge.classes.map { "\($0.name.onOneLine)  \($0.examples.count) photos" } + unlabelledLine(stored)).joined(
        separator: "\n"))
  }

  private func unlabelledLine(_ stored: TaskFile) -> [String] {
    guard let count = stored.unlabelled?.without(stored.knowledge).count, count > 0 else { return [] }
    return ["and \(count) photos without labels"]
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
