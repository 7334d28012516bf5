import FewShotTestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

struct HeadChoiceTests {
  @Test func headsWithoutTheirStatisticsAreRefusedOrLeftOut() throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 3, shots: 3)
    #expect(throws: HeadError.needsStatistics(.centred)) { try LearnedHead(knowledge, statistics: nil, method: .head(.centred)) }
    #expect(throws: HeadError.needsPositiveEmbeddings(.power)) {
      try LearnedHead(knowledge, statistics: nil, method: .head(.power))
    }
    let head = try LearnedHead(knowledge, statistics: nil, method: .auto)
    #expect(head.isChosen && !head.candidates.isEmpty && !head.candidates.contains { $0.method == .centred })
    #expect(head.features.kind == .plain)
  }

  @Test func oneExampleForEachClassLeavesTheChoiceToThePrior() throws {
    let head = try LearnedHead(try SyntheticClasses.knowledge(classes: 3, shots: 1), statistics: nil, method: .auto)
    #expect(head.method == .ridge && head.candidates.isEmpty && head.calibration.leftOutCount == 0)
    #expect(head.calibration.threshold.isFinite && head.calibration.scaleSource == .preset)
  }
}
