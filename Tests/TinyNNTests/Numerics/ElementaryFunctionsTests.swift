import Glibc
import Testing

@testable import TinyNN

@Suite struct ElementaryFunctionsTests {
  @Test func exponentialIsWithinTwoUnitsOfTheLastPlace() {
    var worst = 0.0, worstAt: Float = 0
    var x: Float = -87.3
    while x < 88.3 {
      let exact = Glibc.exp(Double(x))
      let error = abs(Double(exponential(x)) - exact) / exact
      if error > worst { (worst, worstAt) = (error, x) }
      x += 0.0137
    }
    #expect(worst < 2.4e-7, "relative error \(worst) at \(worstAt)")
    #expect(exponential(-200) == 0 && exponential(-.infinity) == 0)
    #expect(exponential(200).isFinite && exponential(0) == 1)
  }

  @Test func hyperbolicTangentIsOddBoundedAndAccurate() {
    var x: Float = -12
    while x < 12 {
      let exact = Glibc.tanh(Double(x))
      #expect(abs(Double(hyperbolicTangent(x)) - exact) < 4e-7, "at \(x)")
      #expect(hyperbolicTangent(-x) == -hyperbolicTangent(x))
      x += 0.0173
    }
  }
}
