import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// Does the long work: opens the encoder for it, and gives all of its memory back afterwards.
struct Workbench: Sendable {
  /// A progress, or a photo that is passed over.
  typealias Progress = @Sendable (WorkEvent.Activity, _ done: Int, _ total: Int) -> Void

  let encoder: String
  let folder: BoardFolder
  let threads: Int

  // MARK: Learn

  struct Learned: Sendable {
    let classifier: Classifier
    let json: JSON
    let sentence: String
  }

  /// Learns the classes that have photos, and writes the task file.
  /// - Parameter takesUnsorted: photos without a class tell which photos look alike, too.
  func learn(_ board: Board, takesUnsorted: Bool, _ progress: @escaping Progress) throws -> Learned {
    let folders = folders(board)
    guard folders.count > 1 else { throw WorkError(description: "learning takes at least two classes with photos") }
    let start = monotonicNanoseconds()
    let source = try photos(progress)
    let unsorted = takesUnsorted ? board.unsorted.map(folder.photoPath) : []
    let plan = try LearningPlan(source.encoder, LearningOptions(), for: LearningMaterial(folders, unlabelled: unsorted))
    let learning = Learning(source, plan)
    try learning.add(folders)
    if !unsorted.isEmpty { try learning.addUnlabelled(unsorted) }
    let task = try learning.finish()
    try task.write(to: folder.taskPath)
    let seconds = Double(monotonicNanoseconds() - start) / 1e9
    return Learned(
      classifier: try Classifier(folder.taskPath), json: json(task, plan, source, seconds), sentence: sentence(task))
  }

  private func json(_ task: LearnedTask, _ plan: LearningPlan, _ source: PhotoSource, _ seconds: Double) -> JSON {
    let head = task.head
    return [
      "classes": .array(task.knowledge.classes.map { ["name": .string($0.name), "photos": .integer($0.examples.count)] }),
      "method": .string("\(head.method)"),
      "candidates": .array(
        head.candidates.map {
          [
            "method": .string("\($0.method)"), "penalty": .float($0.penalty), "right": .integer($0.right),
            "of": .integer($0.exampleCount),
          ]
        }),
      "leaveOneOutAccuracy": task.leaveOneOutAccuracy.map { .number(100 * $0) } ?? .null,
      "threshold": .float(head.calibration.threshold), "chance": .bool(head.calibration.isChance),
      "aligned": .bool(task.camera?.isAligned ?? false), "unsorted": .integer(head.propagation?.photos ?? 0),
      "skipped": .integer(source.skipped.count), "planBytes": .integer(plan.byteCount), "fileBytes": .integer(task.file.count),
      "seconds": .number(seconds),
    ]
  }

  /// "learned 3 classes from 15 photos by ridge: 14 of 15 left-out photos right".
  private func sentence(_ task: LearnedTask) -> String {
    let head = task.head, knowledge = task.knowledge, calibration = head.calibration
    var text = "Learned \(knowledge.classes.count) classes from \(knowledge.exampleCount) photos by \(head.method)"
    text +=
      calibration.leftOutCount > 0
      ? ": \(calibration.leftOutRight) of \(calibration.leftOutCount) left-out photos right."
      : "; with one photo of a class nothing can be left out, so add some to know how good it is."
    if calibration.isChance {
      text += " That is no better than by chance: look whether the photos are in the right classes."
    }
    if let shared = knowledge.sharedPhotos.first { text += " But \(shared)." }
    return text
  }

  // MARK: Review

  func review(_ board: Board, _ progress: @escaping Progress) throws -> (json: JSON, sentence: String) {
    let folders = folders(board)
    guard !folders.isEmpty else { throw WorkError(description: "there is no class with photos to review") }
    let source = try photos(progress)
    let reviewed = try ReviewedPhotos(folders, source)
    let review = PhotoReview(reviewed, statistics: try StatisticsView.of(source.model))
    let names = reviewed.classNames
    let wrong = review.suspects.count + reviewed.copies.count + reviewed.empty.count
    let json: JSON = [
      "suspects": .array(
        review.suspects.map {
          [
            "photo": id($0.photo), "label": .string(names[$0.label]), "looksLike": .string(names[$0.looksLike]),
            "similarity": .float($0.similarity), "nearest": id($0.nearestOther), "nearestOwn": id($0.nearestOwn),
          ]
        }),
      "copies": .array(
        reviewed.copies.map {
          [
            "photo": id($0.photo), "label": .string(names[$0.label]), "original": id($0.original),
            "originalLabel": .string(names[$0.originalLabel]),
          ]
        }),
      "withoutContent": .array(reviewed.empty.map(id)), "classes": JSON(names),
      "confusion": review.confusion.map { .array($0.map { JSON($0) }) } ?? .null, "confused": JSON(review.confusedPairs),
      "thin": JSON(review.thin.map(review.sentence)), "enough": JSON(review.outlooks.map(review.sentence)),
      "chance": .bool(review.isChance),
    ]
    let found = wrong == 0 ? "Nothing looks wrong" : "\(wrong) photos are worth a look"
    return (json, "\(found) among \(reviewed.photos.count) photos of \(names.count) classes.")
  }

  // MARK: Suggest

  func suggest(
    _ board: Board, count: Int, _ task: Classifier?, _ progress: @escaping Progress
  ) throws -> (json: JSON, sentence: String) {
    guard !board.unsorted.isEmpty else {
      throw WorkError(description: "there are no photos without a class to choose from; collect some first")
    }
    let paths = board.unsorted.map(folder.photoPath), pool: PhotoPool
    if let task {
      pool = try PhotoPool.reading(paths, task, in: folder.path, observer: Self.observer(progress))
    } else {
      pool = try PhotoPool.reading(paths, try photos(progress), in: folder.path)
    }
    let names = task?.names ?? []
    let chosen = pool.suggest(count, order: names.isEmpty ? .typical : PhotoSelection.taskOrder)
    let rows = chosen.map { suggestion -> JSON in
      let guess = suggestion.doubt.flatMap { $0.isUnknown ? nil : names[$0.first] }
      return [
        "photo": id(suggestion.photo), "reason": .string(suggestion.reason(names)), "label": guess.map { .string($0) } ?? .null,
      ]
    }
    return (
      ["photos": .array(rows), "pool": .integer(pool.photos.count), "copies": .integer(pool.copies)],
      "\(chosen.count) of \(board.unsorted.count) photos are worth a label first."
    )
  }

  // MARK: Photos

  private func folders(_ board: Board) -> [PhotoFolder] {
    board.classes.filter { !$0.photos.isEmpty }.map { PhotoFolder(name: $0.name, photos: $0.photos.map(folder.photoPath)) }
  }

  private func photos(_ progress: @escaping Progress) throws -> PhotoSource {
    let runner = try ModelRunner(file: MappedFile(encoder), threads: threads)
    return PhotoSource(try PhotoEncoder(runner), observer: Self.observer(progress))
  }

  private static func observer(_ progress: @escaping Progress) -> WorkObserver {
    { event in
      if case .progress(let activity, let done, let total) = event { progress(activity, done, total) }
    }
  }

  /// The name of a photo's file is its identifier.
  private func id(_ path: String) -> JSON { .string(path.split(separator: "/").last.map(String.init) ?? path) }
}
