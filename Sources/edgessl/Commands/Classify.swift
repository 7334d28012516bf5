import ArgumentParser
import FewShot
import Glibc
import HostRuntime
import ModelCompiler
import TinyNN

struct Classify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what is on photos: label and confidence, or unknown.",
    discussion: "Photos that cannot be read are named on standard error; the others are classified all the same.")

  @Argument(help: ArgumentHelp("Photos: JPEG, PNG or PPM; - reads standard input.", valueName: "IMAGE"))
  var images: [String]

  @Option(help: ArgumentHelp("The task file. (default: $EDGESSL_TASK, else the current task file)", valueName: "TASK.tnn"))
  var model: String?

  @Option(help: "How many labels are listed.")
  var top = 3

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func validate() throws {
    if images.isEmpty { throw ValidationError("no photos: name at least one") }
    if top < 1 { throw ValidationError("--top is \(top); it must be at least 1") }
  }

  func run() throws {
    let location = try ModelLocation.task(option: model)
    location.announce("task")
    let task = try OpenedTask(runtime, location)
    var failed: Failure?
    for image in images {
      do {
        try classify(image, task, location)
      } catch {
        guard error.concernsPhoto, images.count > 1 else { throw error }
        error.report()
        failed = failed ?? error
      }
    }
    noteMemory(planned: task.plannedByteCount, weights: task.reader.model.weightByteCount)
    if let failed { Glibc.exit(failed.code.rawValue) }
  }

  private func classify(_ image: String, _ task: OpenedTask, _ location: ModelLocation) throws(Failure) {
    let start = monotonicNanoseconds()
    let answer = try task.classify(image)
    let milliseconds = Double(monotonicNanoseconds() - start) / 1e6
    let best = answer.ranking.prefix(top).map { (label: task.names[$0], confidence: answer.confidences[$0]) }
    try results.print(
      [
        "image": .string(image), "label": .string(task.names[answer.prediction.label]),
        "confidence": .float(answer.prediction.confidence), "unknown": .bool(answer.prediction.isUnknown),
        "top": .array(best.map { ["label": .string($0.label), "confidence": .float($0.confidence)] }),
        "milliseconds": .number(milliseconds), "cosine": .float(answer.prediction.cosine), "score": .float(answer.prediction.score),
        "model": .string(location.path),
      ],
      text: text(image, answer.prediction, best, milliseconds))
  }

  private func text(_ image: String, _ prediction: Prediction, _ best: [(label: String, confidence: Float)], _ milliseconds: Double) -> String {
    func percent(_ value: Float) -> String { decimal(100 * Double(value), digits: 1) + " %" }
    let answer = prediction.isUnknown ? "unknown" : "\(best[0].label)  \(percent(best[0].confidence))"
    let others = best.dropFirst(prediction.isUnknown ? 0 : 1).map { "\($0.label) \(percent($0.confidence))" }.joined(separator: ", ")
    let note = others.isEmpty ? "" : prediction.isUnknown ? "  (nearest: \(others))" : "  (\(others))"
    return "\(image)  \(answer)\(note)  \(decimal(milliseconds, digits: 1)) ms".onOneLine
  }
}

/// A task file opened for classification.
final class OpenedTask {
  let reader: PhotoReader
  let names: [String]
  let head: HeadView
  private var confidences: [Float]
  private var scratch: [Float]

  init(_ runtime: RuntimeOptions, _ location: ModelLocation) throws(Failure) {
    try location.requireTask()
    reader = try PhotoReader(runtime, path: location.path)
    let model = reader.model
    guard model.has(.classes) else { throw Failure(noClassesIn: location.path) }
    do {
      let classes = try ClassesView(model)
      _ = try ExamplesView(model, classes: classes)
      head = try HeadView(model, classes: classes)
      names = (0..<classes.count).map { classes[$0].string }
    } catch { throw Failure(error, in: location.path) }
    confidences = [Float](repeating: 0, count: names.count)
    scratch = [Float](repeating: 0, count: head.scratchCount)
  }

  struct Answer {
    let prediction: Prediction
    let confidences: [Float]

    /// Classes, the most likely first.
    var ranking: [Int] {
      confidences.indices.sorted { confidences[$0] > confidences[$1] || (confidences[$0] == confidences[$1] && $0 < $1) }
    }
  }

  var plannedByteCount: Int { reader.encoder.plannedByteCount + 4 * (names.count + reader.encoder.dimension + scratch.count) }

  func classify(_ photo: String) throws(Failure) -> Answer {
    classify(try reader.embedding(of: photo))
  }

  func classify(_ embedding: [Float]) -> Answer {
    let example = LearnedExample(identifier: 0, embedding: embedding)
    var span = confidences.mutableSpan
    var scratchSpan = scratch.mutableSpan
    let prediction = example.embedding.withUnsafeBufferPointer {
      // Embeddings have at least one value.
      head.classify(
        Embedding($0.baseAddress!, count: $0.count), length: example.length, confidences: &span, scratch: &scratchSpan)
    }
    return Answer(prediction: prediction, confidences: confidences)
  }
}
