import FewShotHost

/// What an application does with edgessl's libraries: teach an encoder what is in folders of photos, name what is on another.
///
///     swift run swift-app ENCODER.tnn FOLDER_OF_FOLDERS PHOTO
@main
struct App {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 else { return print("usage: swift-app ENCODER.tnn FOLDER_WITH_ONE_FOLDER_FOR_EACH_CLASS PHOTO") }
    try learn(arguments[2], with: arguments[1], to: "task.tnn")
    try classify(arguments[3], by: "task.tnn")
    try learnOnTheFly(arguments[2], with: arguments[1])
  }

  /// From folders of photos to a task, within 32 MB. With `.training()` after the encoder, the plan has room for training its tail,
  /// which happens where held-out photos say that it helps.
  static func learn(_ folder: String, with encoder: String, to task: String) throws {
    let encoder = try PhotoEncoder(encoder), classes = try PhotoFolder.classes(in: folder)
    let plan = try LearningPlan(encoder, for: LearningMaterial(classes), budget: 32_000_000)
    let learning = Learning(encoder, plan)
    try learning.add(classes)
    try learning.finish().write(to: task)
  }

  /// From a photo to its label.
  static func classify(_ photo: String, by task: String) throws {
    let answer = try Classifier(task).classify(photo)
    print(answer.isUnknown ? "unknown (nearest: \(answer.label))" : "\(answer.label), confidence \(answer.confidence)")
  }

  /// Photo by photo, as they come from a camera, without a file.
  static func learnOnTheFly(_ folder: String, with encoder: String) throws {
    let encoder = try PhotoEncoder(encoder), classes = try PhotoFolder.classes(in: folder)
    let plan = try LearningPlan(encoder, for: LearningMaterial(photos: 3 * classes.count, classes: classes.count))
    let learning = Learning(encoder, plan)
    for known in classes { for photo in known.photos.prefix(3) { try learning.add(photo, to: known.name) } }
    let task = try learning.finish()
    print("\(plan.byteCount) bytes planned; \(task.knowledge.exampleCount) photos, threshold \(task.head.calibration.threshold)")
    let classifier = try task.classifier()
    for known in classes { print("a photo of \(known.name): \(try classifier.classify(known.photos[0]).label)") }
  }
}
