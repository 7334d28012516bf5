import Testing
import TinyNN

@Suite struct KernelsTests {
  @Test func instructionSetsOfOtherProcessorsAreRefused() {
    #if arch(x86_64)
      #expect(Kernels(instructionSet: .neon) == nil)
    #elseif arch(arm64)
      #expect(Kernels(instructionSet: .avx2) == nil)
      #expect(Kernels(instructionSet: .avx512) == nil)
      #expect(InstructionSet.best == .neon)
    #endif
    #expect(Kernels(instructionSet: .best) != nil)
  }
}
