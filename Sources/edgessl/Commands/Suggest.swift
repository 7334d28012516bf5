import ArgumentParser
import FewShotHost
import Glibc
import HostRuntime

struct Suggest: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say which photos without labels are worth a label.",
    discussion: """
      Chooses typical photos of as many groups of photos alike as labels are wanted. With a task file, groups that it has \
      photos of count as labelled. The same seed chooses the same photos.
      """)

  @Argument(help: ArgumentHelp("Photos, also in folders below it.", valueName: "DIR"))
  var folder: String

  @Option(
    help: ArgumentHelp(
      "The encoder, or a task file whose photos are labelled already. (default: $EDGESSL_ENCODER, else the shipped encoder)",
      valueName: "M.tnn|TASK.tnn"))
  var model: String?

  @Option(help: "How many photos, at most.")
  var count = 10

  @Option(
    help: ArgumentHelp("Copy the photos to this folder, which is made where it is missing, to sort them there.", valueName: "DIR"))
  var copyTo: String?

  @Option(help: ArgumentHelp("Write a contact sheet: one page in HTML.", valueName: "out.html"))
  var sheet: String?

  @Option(help: "Seed of random numbers.")
  var seed: UInt64 = 0

  @Flag(help: "Refuse photos that cannot be read, instead of skipping them with a warning.")
  var strict = false

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func validate() throws {
    guard 1...10_000 ~= count else { throw ValidationError("--count is \(count); it must be 1 to 10000") }
  }

  func run() throws {
    let location = try ModelLocation.encoder(option: model)
    location.announce("model")
    let html = try sheet.map { path throws(Failure) in try OutputFile(path, .html, option: "--sheet", inputs: [location.path]) }
    let photos = try photos()
    let target = try copyTo.map { path throws(Failure) in try CopyFolder(path, besides: folder) }
    let (pool, names) = try read(photos, location)
    guard !pool.photos.isEmpty else { throw emptyPool(pool, photos.count) }
    let chosen = pool.suggest(count, order: names.isEmpty ? .typical : PhotoSelection.taskOrder, seed: seed)
    if chosen.count < count { note("\(chosen.count) photos are all that differ from each other and from those with labels") }
    var copies: [String] = []
    if let target { for suggestion in chosen { copies.append(try target.copy(suggestion.photo)) } }
    if let html { try html.write(Array(page(chosen, names).html.utf8)) }
    try results.print(json(chosen, copies, pool, names, location), text: text(chosen, names))
  }

  private func photos() throws(Failure) -> [String] {
    let photos: [String]
    do { photos = try PhotoFolder.allPhotos(below: folder) } catch { throw ClassFolders.failure(error) }
    guard !photos.isEmpty else { throw Failure(.missingInput, "\(folder): there are no photos in it") }
    return photos
  }

  /// The pool, and the names of the task's classes; none without a task.
  private func read(_ photos: [String], _ location: ModelLocation) throws -> (pool: PhotoPool, names: [String]) {
    let scratch = environment("TMPDIR") ?? "/var/tmp"
    do {
      let source = try runtime.photos(location.path, strict: strict)
      guard source.model.has(.classes) else { return (try PhotoPool.reading(photos, source, in: scratch), []) }
      let task = try Classifier([source.encoder.runner])
      let pool = try PhotoPool.reading(photos, task, in: scratch, isStrict: strict, observer: console(location.path))
      return (pool, task.names)
    } catch let error as FileError where error.path == scratch {
      throw Failure(error.failure.code, "\(error); set TMPDIR to a folder on a disk with room for the photos' embeddings")
    } catch { throw Failure(error, in: location.path) }
  }

  private func emptyPool(_ pool: PhotoPool, _ files: Int) -> Failure {
    pool.labelledPhotos > 0
      ? Failure(.badData, "\(folder): the task has learned from all \(pool.labelledPhotos) of its photos already; nothing to label")
      : Failure(.badData, "\(folder): none of its \(files) files is a photo with content that can be read")
  }

  // MARK: Results

  private func text(_ chosen: [Suggestion], _ names: [String]) -> String {
    chosen.map { "\($0.photo)  \($0.reason(names))".onOneLine }.joined(separator: "\n")
  }

  private func json(
    _ chosen: [Suggestion], _ copies: [String], _ pool: PhotoPool, _ names: [String], _ location: ModelLocation
  ) -> JSON {
    let rows = chosen.enumerated().map { index, suggestion -> JSON in
      let doubt = suggestion.doubt
      return [
        "image": .string(suggestion.photo), "reason": .string(suggestion.reason(names)),
        "cluster": .integer(suggestion.choice.cluster), "clusterSize": .integer(suggestion.choice.clusterSize),
        "clusterLabelled": .integer(suggestion.choice.labelled), "typicality": .float(suggestion.choice.typicality),
        "label": doubt.map { .string(names[$0.first]) } ?? .null, "margin": doubt.map { .float($0.margin) } ?? .null,
        "unknown": doubt.map { .bool($0.isUnknown) } ?? .null, "copy": copies.isEmpty ? .null : .string(copies[index]),
      ]
    }
    return [
      "photos": .array(rows), "pool": .integer(pool.photos.count), "labelled": .integer(pool.labelledPhotos),
      "withoutContent": .integer(pool.empty), "copies": .integer(pool.copies), "skipped": JSON(pool.skipped),
      "seed": .integer(Int(truncatingIfNeeded: seed)), "model": .string(location.path),
    ]
  }

  private func page(_ chosen: [Suggestion], _ names: [String]) -> HTMLPage {
    var page = HTMLPage(title: "Photos worth a label: \(folder)")
    page.body = chosen.enumerated().map { index, suggestion in
      HTMLPage.figure(
        [suggestion.photo],
        caption: "\(index + 1). \(escapedHTML(suggestion.photo))<br>\(escapedHTML(suggestion.reason(names)))",
        alternatives: ["photo \(index + 1)"])
    }.joined(separator: "\n")
    return page
  }
}
