import Testing

@testable import FewShotHost

struct PrincipalAxesTests {
  @Test func axesAreThoseOfTheSpread() {
    // Spread 3 along the first axis, 1 along the second.
    let rows: [[Double]] = [[3, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]]
    let axes = PrincipalAxes(of: rows, dimension: 3, atMost: 2)
    #expect(axes.variances.count == 2 && abs(axes.variances[0] - 4.5) < 1e-9 && abs(axes.variances[1] - 0.5) < 1e-9)
    #expect(abs(abs(axes.axes[0][0]) - 1) < 1e-9 && abs(abs(axes.axes[1][1]) - 1) < 1e-9 && axes.residual < 1e-9)
  }
}
