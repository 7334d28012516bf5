@testable import ModelCompiler
import Testing
import TinyNN

@Suite struct AxisGroupsTests {
  @Test func neighbouringAxesWithEqualProductsAreOneGroup() throws {
    let groups = try #require(commonAxisGroups(Shape(2, 3, 4, 5), Shape(6, 2, 10)))
    #expect(groups.map(\.from) == [[0, 1], [2, 3]] && groups.map(\.to) == [[0], [1, 2]])
    #expect(commonAxisGroups(Shape(2, 3), Shape(5)) == nil)
  }

  @Test func axesOfExtentOneMoveNothing() {
    let permutation = Permutation(0, 3, 1, 2)
    #expect(permutation.movesOnlyUnitAxes(of: Shape(1, 1, 1, 7)) && permutation.movesOnlyUnitAxes(of: Shape(4, 5, 6, 1)))
    #expect(!permutation.movesOnlyUnitAxes(of: Shape(1, 2, 1, 7)))
  }
}
