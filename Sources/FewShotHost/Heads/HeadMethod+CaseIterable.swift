public import FewShot

extension HeadMethod: CaseIterable {
  /// In the order of their codes, which start at 1 and have no gaps.
  public static let allCases: [HeadMethod] = {
    var cases: [HeadMethod] = []
    while let next = HeadMethod(rawValue: UInt32(cases.count + 1)) { cases.append(next) }
    return cases
  }()
}
