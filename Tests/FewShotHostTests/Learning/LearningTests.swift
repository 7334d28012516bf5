import FewShot
import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import FewShotHost

@Suite struct LearningTests {
  private static let colours = ["reddish", "greenish", "bluish"]
  let folder: TemporaryFolder
  let encoder: PhotoEncoder
  let classes: [PhotoFolder]

  init() throws {
    folder = try TemporaryFolder()
    encoder = try PhotoEncoder(ModelRunner(bytes: TestPhotos.threeLayers()))
    classes = try TestPhotos.classes(LearningTests.colours, in: folder)
  }

  private func plan(_ options: LearningOptions = .init(), unlabelled: [String] = []) throws -> LearningPlan {
    try LearningPlan(encoder, options, for: LearningMaterial(classes, unlabelled: unlabelled))
  }

  private var training: LearningOptions {
    var tail = AdaptationOptions()
    tail.steps = 5
    tail.views = 1
    tail.batch = 4
    return .training(tail)
  }

  private func learn(_ options: LearningOptions, _ unlabelled: [String] = []) throws -> LearnedTask {
    let learning = Learning(encoder, try plan(options, unlabelled: unlabelled))
    try learning.add(classes)
    if !unlabelled.isEmpty { try learning.addUnlabelled(unlabelled) }
    return try learning.finish()
  }

  @Test func photoByPhotoIsTheSameAsByFolders() throws {
    for options in [LearningOptions(), training] {
      let one = Learning(encoder, try plan(options))
      for folder in classes { for photo in folder.photos { try one.add(photo, to: folder.name) } }
      #expect(try one.finish().file == learn(options).file)
    }
  }

  @Test func copiesOfAPhotoCountOnce() throws {
    let learning = Learning(encoder, try plan())
    try learning.add(classes)
    try learning.add(classes[0].photos[0], to: classes[0].name)
    #expect(learning.photos.count == 12)
    // The same photo in another class is another example.
    try learning.add(classes[0].photos[0], to: classes[1].name)
    #expect(learning.photos.count == 13)
  }

  @Test func aClassWithoutPhotosIsRefused() throws {
    let broken = try folder.write([1, 2, 3], to: "broken.jpg")
    let learning = Learning(encoder, try plan())
    #expect(throws: LearningError.self) { try learning.add(classes + [PhotoFolder(name: "broken", photos: [broken])]) }
    #expect(throws: PhotoError.self) { try learning.add(broken, to: "broken") }
    let none = Learning(encoder, try plan(unlabelled: [broken]))
    try none.add(classes)
    try none.addUnlabelled([broken])
    #expect(throws: LearningError.self) { try none.finish() }
  }

  @Test func whatWasKnownBeforeCanBeBroughtBack() throws {
    let before = try learn(.init())
    let learning = Learning(encoder, try plan())
    try learning.add(Array(classes[..<2]))
    let after = try learning.finish(over: TaskFile(before.knowledge, method: .auto))
    let path = folder.file("task.tnn")
    try after.write(to: path)
    var editor = try TaskEditor(contentsOf: path)
    #expect(editor.task.knowledge.classes.count == 2)
    #expect(try editor.undo() == false)
    #expect(editor.task.knowledge == before.knowledge)
  }

  @Test func photosOfADarkCameraAlignTheEncoder() throws {
    let dark = try TestPhotos.classes(LearningTests.colours, in: folder, numbers: 10..<16, factor: 0.35).flatMap(\.photos)
    let learned = try learn(.init(method: .head(.prototype)), dark)
    let camera = try #require(learned.camera)
    #expect(camera.photos == 18 && camera.isAligned && camera.shift > camera.classShift, "\(camera)")
    let classifier = try learned.classifier()
    for photo in dark {
      let answer = try classifier.classify(photo)
      #expect(photo.contains("/\(answer.label)-"), "\(photo): \(answer.label)")
    }
    // Undone, the task is the one that was never aligned.
    let path = folder.file("task.tnn")
    try learned.write(to: path)
    var editor = try TaskEditor(contentsOf: path)
    #expect(editor.isAdapted)
    #expect(try editor.undo() && !editor.isAdapted)
    _ = try editor.write(to: path)
    #expect(try contents(of: path).sorted() == learn(.init(method: .head(.prototype))).file.sorted())
  }

  @Test(arguments: [false, true])
  func trainingTellsWhatItDoes(isUngated: Bool) throws {
    var told: [String] = []
    let source = PhotoSource(encoder) { event in
      switch event {
      case .progress(let activity, let done, let total) where done == total: told.append("\(activity)")
      case .asksHeldOutPhotos(let trainings): told.append("asks by \(trainings)")
      case .checkpoint(.missing): told.append("no checkpoint")
      default: break
      }
    }
    var options = training
    options.tail?.isUngated = isUngated
    let learning = Learning(source, try plan(options))
    try learning.add(classes)
    let path = folder.file("task.tnn.checkpoint")
    let learned = try learning.finish(checkpoint: CheckpointOptions(path: path, interval: 0, resumes: true))
    #expect(told.prefix(3) == ["reading", "no checkpoint", "asks by 3"], "\(told)")
    let tail = try #require(learned.tail)
    #expect(tail.isTrained == (isUngated || tail.gate?.takesTrained == true) && told.contains("training") == tail.isTrained)
    #expect(isFile(path))
    try learned.write(to: folder.file("task.tnn"))
    #expect(!isFile(path) && isFile(folder.file("task.tnn")))
  }

  @Test func onePhotoOfAClassIsTooFewToAsk() throws {
    let single = classes.map { PhotoFolder(name: $0.name, photos: [$0.photos[0]]) }
    let learning = Learning(encoder, try LearningPlan(encoder, training, for: LearningMaterial(single)))
    try learning.add(single)
    let learned = try learning.finish()
    #expect(learned.tail?.gate == nil && learned.tail?.isTrained == false && learned.knowledge.exampleCount == 3)
  }
}
