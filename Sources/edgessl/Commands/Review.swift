import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import TinyNN

struct Review: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what is wrong with labelled photos, and whether more would help.",
    discussion: """
      Each photo is asked of a head that learned from all others. Found are photos that look like another class, the same photo \
      twice, photos without content, classes that are confused, and classes with too few or too uniform photos. A task file is \
      looked through by what it learned; with --photos its photos have names and pictures.
      """)

  @Argument(help: ArgumentHelp("One folder of photos for each class, or a task file.", valueName: "DIR|TASK.tnn"))
  var subject: String

  @Option(
    help: ArgumentHelp("The encoder, for a folder. (default: $EDGESSL_ENCODER, else the shipped encoder)", valueName: "M.tnn"))
  var model: String?

  @Option(help: ArgumentHelp("For a task file: where the photos are that it learned from.", valueName: "DIR"))
  var photos: String?

  @Option(help: ArgumentHelp("Write a report: one page in HTML with pictures.", valueName: "out.html"))
  var report: String?

  @Option(help: "Seed of random numbers.")
  var seed: UInt64 = 0

  @Flag(help: "Refuse photos that cannot be read, instead of skipping them with a warning.")
  var strict = false

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func run() throws {
    let (reviewed, statistics, file) = try isFile(subject) ? task() : folders()
    let html = try report.map { path throws(Failure) in
      try OutputFile(path, .html, option: "--report", inputs: [subject, file.path])
    }
    let review = withExtendedLifetime(file) { PhotoReview(reviewed, statistics: statistics, seed: seed) }
    if review.isChance { warn("left-out photos are answered no better than by chance, so that nothing can be said about labels") }
    let text = ReviewText(review)
    if let html { try html.write(Array(text.page(title: "Review of \(subject)").html.utf8)) }
    try results.print(text.json(model: file.path, seed: seed), text: text.text)
  }

  /// What a view of statistics points to lives as long as the file.
  private typealias Material = (photos: ReviewedPhotos, statistics: StatisticsView?, file: OpenedEncoder)

  private func folders() throws -> Material {
    if photos != nil { throw Failure(.usage, "--photos goes with a task file; \(subject) is a folder") }
    let location = try ModelLocation.encoder(option: model)
    location.announce("model")
    let classes = try ClassFolders(subject, needed: 1, role: "a review", isStrict: strict)
    let source = try runtime.photos(location.path, strict: strict)
    do {
      let reviewed = try ReviewedPhotos(classes.folders, source)
      guard !reviewed.photos.isEmpty else { throw Failure(.badData, "\(subject): no photo with content that can be read") }
      return (reviewed, try StatisticsView.of(source.model), OpenedEncoder(path: location.path, keeper: source))
    } catch { throw Failure(error, in: location.path) }
  }

  private func task() throws -> Material {
    if model != nil { throw Failure(.usage, "--model goes with a folder; \(subject) is a task file with its own encoder") }
    do {
      let editor = try TaskEditor(contentsOf: subject)
      let names = try photos.map(names) ?? [:]
      return (
        ReviewedPhotos(editor.task.knowledge, names: names), try StatisticsView.of(editor.model),
        OpenedEncoder(path: subject, keeper: editor)
      )
    } catch { throw Failure(error, in: subject) }
  }

  private func names(_ folder: String) throws(Failure) -> [UInt64: String] {
    do {
      var names: [UInt64: String] = [:]
      for photo in try PhotoFolder.allPhotos(below: folder) {
        if let identifier = try? PhotoIdentifier.of(photo) { names[identifier] = photo }
      }
      return names
    } catch { throw ClassFolders.failure(error) }
  }
}

/// A model file that stays open.
private struct OpenedEncoder {
  let path: String
  let keeper: Any
}
