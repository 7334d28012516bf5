import FewShot
import HostRuntime
import TinyNN

// Memory around the device code.
extension LeaveOut {
  /// Cosines to the classes' prototypes on any features, [examples][classes].
  static func writeCosines(_ support: SupportSet, to scores: Elements<Float>) {
    let scratch = AlignedMemory(byteCount: 4 * cosineScratchCount(support))
    writeCosines(support, to: scores, scratch: scratch.floats)
    withExtendedLifetime(scratch) {}
  }

  /// The fold of each example.
  static func folds(of examples: ExampleMemory) -> [Int] {
    let memory = AlignedMemory(byteCount: 4 * (ScratchPieces.size(examples.count) + examples.classCount))
    var pieces = ScratchPieces(memory.floats)
    let folds = pieces.takeWords(examples.count)
    _ = writeFolds(examples.support, to: folds, seen: pieces.takeWords(examples.classCount))
    return withExtendedLifetime(memory) { (0..<examples.count).map { Int(folds[$0]) } }
  }
}
