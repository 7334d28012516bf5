import ArgumentParser
import FewShot
import FewShotHost
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
    let start = monotonicNanoseconds()
    let classifiers = try PhotoClassifiers(runtime, location, photoCount: images.contains("-") ? 1 : images.count)
    var failed: Failure?
    for first in stride(from: 0, to: images.count, by: PhotoClassifiers.groupCount) {
      let group = images[first..<min(images.count, first + PhotoClassifiers.groupCount)]
      for (image, outcome) in zip(group, classifiers.classify(Array(group))) {
        do {
          try report(image, outcome.get(), classifiers.first, location)
        } catch {
          guard error.concernsPhoto, images.count > 1 else { throw error }
          error.report()
          failed = failed ?? error
        }
      }
    }
    if images.count > 1 {
      let seconds = Double(monotonicNanoseconds() - start) / 1e9
      note(
        "\(grouped(images.count)) photos in \(decimal(seconds, digits: 2)) s: \(decimal(Double(images.count) / seconds, digits: 1)) photos/s"
      )
    }
    noteMemory(planned: classifiers.plannedByteCount, weights: classifiers.first.reader.model.weightByteCount)
    if let failed { Glibc.exit(failed.code.rawValue) }
  }

  private func report(_ image: String, _ classified: PhotoClassifiers.Classified, _ task: OpenedTask, _ location: ModelLocation)
    throws(Failure)
  {
    let (answer, milliseconds) = (classified.answer, classified.milliseconds)
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

  private func text(_ image: String, _ prediction: Prediction, _ best: [(label: String, confidence: Float)], _ milliseconds: Double)
    -> String
  {
    func percent(_ value: Float) -> String { decimal(100 * Double(value), digits: 1) + " %" }
    let answer = prediction.isUnknown ? "unknown" : "\(best[0].label)  \(percent(best[0].confidence))"
    let others = best.dropFirst(prediction.isUnknown ? 0 : 1).map { "\($0.label) \(percent($0.confidence))" }.joined(
      separator: ", ")
    let note = others.isEmpty ? "" : prediction.isUnknown ? "  (nearest: \(others))" : "  (\(others))"
    return "\(image)  \(answer)\(note)  \(decimal(milliseconds, digits: 1)) ms".onOneLine
  }
}
