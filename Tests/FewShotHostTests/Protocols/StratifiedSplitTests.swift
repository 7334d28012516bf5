import Testing

@testable import FewShotHost

@Suite struct StratifiedSplitTests {
  private var dataset: EmbeddedDataset {
    var dataset = EmbeddedDataset(dimension: 1)
    for (label, count) in [2, 5, 30].enumerated() { dataset.add("c\(label)", [[Float]](repeating: [1], count: count)) }
    return dataset
  }

  @Test func everyPhotoIsOnOneSideAndEveryClassOnBoth() {
    let split = StratifiedSplit(dataset, seed: 3)
    #expect(split.train.map(\.count) == [1, 3, 15])
    #expect((split.train.flatMap { $0 } + split.test).sorted() == Array(0..<37))
    for (range, rows) in zip(dataset.ranges, split.train) {
      #expect(rows.allSatisfy(range.contains))
      #expect(split.test.contains { range.contains($0) })
    }
    #expect(split == StratifiedSplit(dataset, seed: 3))
    #expect(split != StratifiedSplit(dataset, seed: 4))
  }

  @Test func aPartOfTheLabelsHasEveryClassAndChangesWithTheRound() {
    let split = StratifiedSplit(dataset, seed: 3)
    let some = split.labelled(0.2, round: 0, seed: 3)
    #expect(some.map(\.count) == [1, 1, 3])
    #expect(zip(some, split.train).allSatisfy { Set($0).isSubset(of: $1) && Set($0).count == $0.count })
    #expect(some[2] != split.labelled(0.2, round: 1, seed: 3)[2])
  }
}
