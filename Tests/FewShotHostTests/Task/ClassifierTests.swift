import FewShot
import FewShotTestSupport
import HostRuntime
import Synchronization
import TestSupport
import Testing

@testable import FewShotHost

@Suite struct ClassifierTests {
  let folder: TemporaryFolder
  let task: String
  let photos: [String]

  init() throws {
    folder = try TemporaryFolder()
    let encoder = try PhotoEncoder(ModelRunner(bytes: TestPhotos.threeLayers()))
    let classes = try TestPhotos.classes(["red", "green", "blue"], in: folder)
    let learning = Learning(encoder, try LearningPlan(encoder, for: LearningMaterial(classes)))
    try learning.add(classes)
    task = folder.file("task.tnn")
    try learning.finish().write(to: task)
    photos = try TestPhotos.classes(["red", "green", "blue"], in: folder, numbers: 10..<14).flatMap(\.photos)
  }

  @Test func saysWhatIsOnAPhoto() throws {
    let classifier = try Classifier(task)
    #expect(classifier.names == ["blue", "green", "red"])
    for (index, photo) in photos.enumerated() {
      let answer = try classifier.classify(photo)
      #expect(answer.label == ["red", "green", "blue"][index / 4], "\(photo): \(answer)")
      #expect(answer.ranking.map(\.label).sorted() == classifier.names && answer.ranking[0].label == answer.label)
      #expect(answer.confidence == answer.ranking[0].confidence && answer.milliseconds > 0)
      #expect(zip(answer.ranking, answer.ranking.dropFirst()).allSatisfy { $0.confidence >= $1.confidence })
    }
  }

  @Test func otherThingsAreUnknown() throws {
    let white = try TestPhotos.classes(["white"], in: folder)[0].photos
    let classifier = try Classifier(task)
    #expect(try white.contains { try classifier.classify($0).isUnknown })
  }

  @Test(arguments: [1, 3]) func severalThreadsGiveTheSameAnswers(sessions: Int) throws {
    let one = try Classifier(task), several = try Classifier(task, sessions: sessions)
    let expected = try photos.map { try one.classify($0).ranking.map(\.confidence) }
    let found = several.classify(photos).map { try? $0.get().ranking.map(\.confidence) }
    #expect(found == expected)
    // More threads than sessions, each on its own.
    let same = Atomic(0), photos = photos
    ThreadPool(threadCount: 4).perform(photos.count) { index in
      let answer = try? several.classify(photos[index])
      if answer?.ranking.map(\.confidence) == expected[index] { same.wrappingAdd(1, ordering: .relaxed) }
    }
    #expect(same.load(ordering: .relaxed) == photos.count)
    #expect(several.plannedByteCount == sessions * one.plannedByteCount)
  }

  @Test func photosThatCannotBeReadKeepTheirPlace() throws {
    let broken = try folder.write([1, 2, 3], to: "broken.jpg")
    let results = try Classifier(task).classify([photos[0], broken, photos[4]])
    #expect((try? results[0].get().label) == "red" && (try? results[2].get().label) == "green")
    #expect(throws: PhotoError.self) { try results[1].get() }
  }

  @Test func refusesAnEncoderWithoutClasses() throws {
    let encoder = try folder.write(TestPhotos.threeLayers(), to: "encoder.tnn")
    #expect(throws: ClassifierError.noClasses) { try Classifier(encoder) }
    #expect(throws: FileError.self) { try Classifier(folder.file("missing.tnn")) }
  }

  @Test func measuresATask() throws {
    let known = PhotoFolder(name: "red", photos: Array(photos[..<4])), other = PhotoFolder(name: "other", photos: [photos[4]])
    let (evaluation, skipped, _) = try Classifier(task).evaluate([known, other])
    #expect(evaluation.knownCount == 4 && evaluation.otherCount == 1 && evaluation.accuracy == 1 && skipped.isEmpty)
  }
}
