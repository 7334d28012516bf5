import FewShotTestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

struct KnowledgeTests {
  @Test func tasksMergeInAnyOrder() throws {
    var source = SyntheticClasses(classes: 4, dimension: 8)
    let shared = source.examples(ofClass: 0, count: 2)
    let parts = try (0..<3).map { device in
      var knowledge = Knowledge(dimension: 8)
      try knowledge.add(shared, to: "shared")
      try knowledge.add(source.examples(ofClass: 1, count: 2, firstIdentifier: UInt64(10 + 2 * device)), to: "common")
      try knowledge.add(source.examples(ofClass: 3, count: 1, firstIdentifier: UInt64(90 + device)), to: "own\(device)")
      return knowledge
    }
    let sections = try [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]].map { order in
      var merged = parts[order[0]]
      for index in order.dropFirst() { try merged.merge(parts[index]) }
      return merged.classesSection + merged.examplesSection + (try LearnedHead(merged, statistics: nil, method: .auto)).section
    }
    for other in sections.dropFirst() { #expect(other.count == sections[0].count && other.elementsEqual(sections[0])) }
    var merged = parts[0]
    try merged.merge(parts[1])
    #expect(merged.exampleCount == 2 + 4 + 2)
    let before = merged
    try merged.add([LearnedExample(identifier: 77, embedding: shared[0].embedding)], to: "common")
    try merged.removePhoto(77)
    #expect(merged == before)
    #expect(throws: TaskEditError.noSuchPhoto(77)) { try merged.removePhoto(77) }
    #expect(throws: TaskEditError.lastPhoto("own0")) { try merged.removePhoto(90) }
    #expect(throws: TaskEditError.otherEmbeddings) { try merged.merge(Knowledge(dimension: 4)) }
  }

  /// Learned from other views of the same photo, as devices with other settings do.
  @Test func onePhotoWithTwoEmbeddingsMergesInAnyOrder() throws {
    var source = SyntheticClasses(classes: 2, dimension: 8)
    let embeddings = source.examples(ofClass: 0, count: 3), others = source.examples(ofClass: 1, count: 2)
    let parts = try (0..<3).map { device in
      var knowledge = Knowledge(dimension: 8)
      var example = embeddings[device]
      example.identifier = 7
      try knowledge.add([example] + others[..<min(device, 2)], to: "a")
      return knowledge
    }
    let orders = try [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0], [1, 1, 0, 2, 0]].map { order in
      var merged = Knowledge(dimension: 8)
      for index in order { try merged.merge(parts[index]) }
      return merged
    }
    #expect(orders.allSatisfy { $0 == orders[0] } && orders[0].exampleCount == 3, "\(orders)")
  }

  @Test func photosOfSeveralClassesAreNamedInPairs() throws {
    var source = SyntheticClasses(classes: 2, dimension: 8)
    let photos = source.examples(ofClass: 0, count: 6)
    var knowledge = Knowledge(dimension: 8)
    try knowledge.add(Array(photos[..<4]), to: "a")
    try knowledge.add(Array(photos[2...4]), to: "b")
    try knowledge.add(Array(photos[5...]), to: "own")
    try knowledge.add([photos[2], photos[0], photos[5]], to: "c")
    #expect(knowledge.sharedPhotos.map(\.names) == [["a", "b"], ["a", "c"], ["b", "c"], ["c", "own"]])
    #expect(knowledge.sharedPhotos.map(\.count) == [2, 2, 1, 1])
    #expect(
      knowledge.sharedPhotos[0].description
        == "classes 'a' and 'b' have 2 photos in common, which cannot be told apart; remove them from one")
    #expect(knowledge.sharedPhotos[2].description.contains("have 1 photo in common"))
    #expect(try knowledge.removePhoto(photos[2].identifier) == ["a", "b", "c"])
    #expect(knowledge.sharedPhotos.map(\.names) == [["a", "b"], ["a", "c"], ["c", "own"]])
    try knowledge.remove("a")
    #expect(knowledge.sharedPhotos.map(\.names) == [["c", "own"]])
    #expect(try knowledge.removePhoto(photos[0].identifier) == ["c"])
  }
}
