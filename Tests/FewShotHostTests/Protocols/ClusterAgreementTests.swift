import Foundation
import Testing

@testable import FewShotHost

@Suite struct ClusterAgreementTests {
  @Test func theSamePartitionUnderOtherNamesAgreesFully() {
    let agreement = ClusterAgreement([2, 2, 0, 0, 1], [0, 0, 1, 1, 2])
    #expect(abs(agreement.normalizedMutualInformation - 1) < 1e-12)
    #expect(agreement.adjustedRand == 1)
    #expect(agreement.purity == 1)
  }

  /// scikit-learn's documentation of adjusted_rand_score has 0.57 for these; by hand: 4/7. Mutual information log 2 over the mean
  /// of log 2 and 1.5 log 2.
  @Test func figuresAreThoseWorkedOutByHand() {
    let agreement = ClusterAgreement([0, 0, 1, 2], [0, 0, 1, 1])
    #expect(abs(agreement.adjustedRand - 4.0 / 7) < 1e-12)
    #expect(abs(agreement.normalizedMutualInformation - 0.8) < 1e-12)
    #expect(agreement.purity == 1)
    #expect(ClusterAgreement([0, 0, 0, 0, 0], [0, 0, 0, 1, 1]).purity == 0.6)
  }

  @Test func independentPartitionsAgreeNoBetterThanByChance() {
    let agreement = ClusterAgreement([0, 1, 0, 1], [0, 0, 1, 1])
    #expect(abs(agreement.normalizedMutualInformation) < 1e-12)
    #expect(abs(agreement.adjustedRand + 0.5) < 1e-12)
  }

  @Test func oneClusterOfOneClassAgrees() {
    let agreement = ClusterAgreement([0, 0], [0, 0])
    #expect(agreement.normalizedMutualInformation == 1)
    #expect(agreement.adjustedRand == 1)
  }
}
