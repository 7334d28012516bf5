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
    let classifier = try classifier(location)
    var failed: Failure?
    for first in stride(from: 0, to: images.count, by: Classify.groupCount) {
      let group = images[first..<min(images.count, first + Classify.groupCount)]
      for (image, outcome) in zip(group, classifier.classify(Array(group))) {
        switch outcome {
        case .success(let answer): try report(image, answer, location)
        case .failure(let error):
          let failure = Failure(error, encoder: location.path)
          guard failure.concernsPhoto, images.count > 1 else { throw failure }
          failure.report()
          failed = failed ?? failure
        }
      }
    }
    if images.count > 1 {
      let seconds = Double(monotonicNanoseconds() - start) / 1e9
      note(
        """
        \(grouped(images.count)) photos in \(decimal(seconds, digits: 2)) s: \
        \(decimal(Double(images.count) / seconds, digits: 1)) photos/s
        """
      )
    }
    noteMemory(planned: classifier.plannedByteCount, weights: classifier.model.weightByteCount)
    if let failed { Glibc.exit(failed.code.rawValue) }
  }

  /// Photos whose answers are kept until they are printed in order.
  private static let groupCount = 64

  /// One session for each photo at a time, without `--threads` as many as there are processors; one photo alone is computed by as
  /// many threads as the command was given.
  private func classifier(_ location: ModelLocation) throws(Failure) -> Classifier {
    try location.requireTask()
    let photoCount = images.contains("-") ? 1 : images.count
    let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let count = min(photoCount, runtime.wantedThreads ?? processors)
    var single = runtime
    if photoCount > 1 { single.wantedThreads = 1 }
    var encoders: [ModelRunner] = []
    for _ in 0..<count { encoders.append(try single.open(location.path)) }
    do { return try Classifier(encoders) } catch { throw Failure(error, in: location.path) }
  }

  private func report(_ image: String, _ answer: Classification, _ location: ModelLocation) throws(Failure) {
    let best = Array(answer.ranking.prefix(top))
    try results.print(
      [
        "image": .string(image), "label": .string(answer.label),
        "confidence": .float(answer.confidence), "unknown": .bool(answer.isUnknown),
        "top": .array(best.map { ["label": .string($0.label), "confidence": .float($0.confidence)] }),
        "milliseconds": .number(answer.milliseconds), "cosine": .float(answer.prediction.cosine),
        "score": .float(answer.prediction.score),
        "model": .string(location.path),
      ],
      text: text(image, answer.prediction, best, answer.milliseconds))
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
