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
}
