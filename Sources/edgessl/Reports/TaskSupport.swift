import FewShot
import FewShotHost
import HostRuntime
import ModelCompiler
import TinyNN

/// The ways of learning.
enum Method {
  static let heads: [(name: String, method: LearningMethod)] = [
    ("auto", .auto), ("prototype", .head(.prototype)), ("centred", .head(.centred)), ("power", .head(.power)), ("lda", .head(.lda)),
    ("ridge", .head(.ridge)), ("logistic", .head(.logistic)), ("knn", .head(.knn)),
  ]
  /// Trains the encoder's tail; its head is prototypes.
  static let finetune = "finetune"
  static let available = heads.map(\.name) + [finetune]

  /// The methods of a list separated by commas.
  static func list(_ text: String) throws(Failure) -> [(name: String, method: LearningMethod)] {
    if text == finetune { return [(finetune, .head(.prototype))] }
    var result: [(name: String, method: LearningMethod)] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part)
      guard let found = heads.first(where: { $0.name == name }) else {
        let reason = name == finetune ? "goes alone" : "is not a method"
        throw Failure(.usage, "--method: '\(name)' \(reason); there is: \(available.joined(separator: ", "))")
      }
      result.append(found)
    }
    return result
  }

  static func one(_ text: String) throws(Failure) -> LearningMethod {
    let methods = try list(text)
    guard methods.count == 1 else { throw Failure(.usage, "--method \(text): name one method, or auto, which chooses") }
    return methods[0].method
  }
}

/// Photos that learn or test: one folder for each class, checked.
struct ClassFolders {
  let path: String
  let folders: [PhotoFolder]

  /// Throws where there is no folder, or a class without photos.
  init(_ path: String, needed: Int, role: String) throws(Failure) {
    self.path = path
    guard !isFile(path) else {
      throw Failure(.missingInput, "\(path): is a file; name a folder that has one folder of photos for each class")
    }
    do { folders = try PhotoFolder.classes(in: path) } catch { throw ClassFolders.failure(error) }
    if let empty = folders.first(where: \.photos.isEmpty) {
      throw Failure(.badData, "\(path)/\(empty.name): class '\(empty.name)' has no photos; add some or remove the folder")
    }
    guard folders.count >= needed else {
      let found = folders.isEmpty ? "no folders" : "one class only, '\(folders[0].name)'"
      throw Failure(.badData, "\(path): has \(found); \(role) needs one folder of photos for each of at least \(needed) classes")
    }
  }

  var photoCount: Int { folders.reduce(0) { $0 + $1.photos.count } }

  static func failure(_ error: FileError) -> Failure {
    error.isMissing ? Failure(.missingInput, "\(error.path): no such folder; check the path") : error.failure
  }
}

extension PhotoReader {
  /// The photos of one class as examples, each once, by the mean embedding of `views`, nil being the usual number; names of skipped
  /// photos go to the warnings. `advance` is called after each photo.
  func examples(of folder: PhotoFolder, views: Int?, strict: Bool, advance: () -> Void) throws(Failure) -> [LearnedExample] {
    var examples: [LearnedExample] = []
    var paths: [UInt64: String] = [:]
    let views = views ?? View.averagedCount(photos: folder.photos.count)
    for photo in folder.photos {
      defer { advance() }
      guard let embeddings = try embeddings(of: photo, views: Array(0..<views), strict: strict) else { continue }
      let identifier: UInt64
      do { identifier = try PhotoIdentifier.of(photo) } catch { throw error.failure }
      if let same = paths.updateValue(photo, forKey: identifier) {
        warn("\(photo): the same photo as \(same); counted once")
        continue
      }
      examples.append(LearnedExample(identifier: identifier, embedding: PhotoEncoder.mean(embeddings)))
    }
    guard !examples.isEmpty else {
      throw Failure(.badData, "class '\(folder.name)' has no photo that can be read; add some or remove its folder")
    }
    return examples
  }
}

extension TaskFile {
  /// Writes the task for `encoder`, which comes from the file `path`, to `target`.
  func write(encoder: Model, from path: String, to target: String) throws(Failure) -> (head: LearnedHead, byteCount: Int) {
    let encoded: (bytes: [UInt8], head: LearnedHead)
    do { encoded = try self.encoded(encoder: encoder) } catch let error as ModelError { throw Failure(error, in: path) } catch {
      throw (error as? HeadError).map { Failure(.badData, "\(path): \($0)") } ?? Failure(.internalError, "\(path): \(error)")
    }
    try writeFile(encoded.bytes, to: target)
    return (encoded.head, encoded.bytes.count)
  }

  /// The task in a checked file; throws what to do where there is none.
  init(in model: Model, path: String) throws(Failure) {
    let found: TaskFile?
    do { found = try TaskFile(reading: model) } catch { throw Failure(error, in: path) }
    guard let found else { throw Failure(noClassesIn: path) }
    self = found
  }
}

extension Failure {
  init(noClassesIn path: String) {
    self.init(.badData, "\(path): an encoder that knows no classes yet; teach it some: edgessl adapt DIR --model \(path)")
  }
}

extension ModelLocation {
  /// Throws where the current task file has not been made yet.
  func requireTask() throws(Failure) {
    guard source != .userData || isFile(path) else {
      throw Failure(.missingInput, "\(path): no task yet; teach it some classes first: edgessl adapt DIR")
    }
  }
}

extension TaskEditError: FailureConvertible {
  var failure: Failure { Failure(.badData, description) }
}

extension LearnedHead {
  /// One line for people, after "learned".
  var text: String {
    let accuracy = calibration.leaveOneOutAccuracy.map { "leave-one-out accuracy \(decimal(100 * $0, digits: 1)) %" }
    return "\(methodText); \(accuracy ?? "one photo for each class, so no leave-one-out accuracy"); unknown below score "
      + "\(decimal(Double(calibration.threshold), digits: 3)) (\(calibration.thresholdSource.text)), scale \(decimal(Double(calibration.scale), digits: 1))"
  }

  private var methodText: String {
    guard isChosen else { return "method \(method)\(method == .knn ? ", \(calibration.neighbours) neighbours" : "")" }
    guard let best = candidates.first(where: { $0.method == method && $0.penalty == calibration.penalty }) else {
      return "method \(method), chosen by the prior as no class can spare a photo"
    }
    let others = candidates.filter { $0.method != method }.map { "\($0.method) \($0.right)" }.joined(separator: ", ")
    return
      "method \(method), chosen: \(best.right) of \(best.exampleCount) left-out photos right\(others.isEmpty ? "" : " (\(others))")"
  }

  private var candidateFields: JSON {
    .array(
      candidates.map {
        [
          "method": .string("\($0.method)"), "penalty": .float($0.penalty), "right": .integer($0.right),
          "of": .integer($0.exampleCount),
          "logLikelihood": .float($0.logLikelihood), "prior": .float($0.prior),
        ]
      })
  }

  var fields: [(name: String, value: JSON)] {
    [
      ("method", .string("\(method)")), ("chosen", .bool(isChosen)), ("candidates", candidateFields),
      ("threshold", .float(calibration.threshold)),
      ("thresholdSource", .string("\(calibration.thresholdSource)")), ("scale", .float(calibration.scale)),
      ("scaleSource", .string("\(calibration.scaleSource)")),
      ("leaveOneOutAccuracy", calibration.leaveOneOutAccuracy.map { .number(100 * $0) } ?? .null),
      ("leftOut", .integer(calibration.leftOutCount)), ("neighbours", method == .knn ? .integer(calibration.neighbours) : .null),
    ]
  }
}

extension ThresholdSource {
  var text: String {
    switch self {
    case .leaveOneOut: "keeps \(Calibrator.keptPercent) % of left-out photos"
    case .background: "refuses \(Calibrator.refusedBackgroundPercent) % of the background photos"
    case .otherClasses: "from the other classes, as the encoder has no background photos"
    }
  }
}

extension Knowledge {
  var json: JSON { .array(classes.map { ["name": .string($0.name), "photos": .integer($0.examples.count)] }) }
}

extension Knowledge {
  var jsonWithPhotos: JSON {
    .array(
      classes.map { learned in
        [
          "name": .string(learned.name), "photos": .integer(learned.examples.count),
          "identifiers": JSON(learned.examples.map { PhotoIdentifier.text($0.identifier) }),
        ]
      })
  }
}

/// Plan and reality of this process's memory, on standard error.
func noteMemory(planned: Int, weights: Int) {
  let resident = residentByteCounts()
  note(
    "memory: plan \(grouped(planned)) bytes, weights \(grouped(weights)) bytes in place; resident \(grouped(resident.now)) bytes, peak \(grouped(resident.peak))"
  )
}
