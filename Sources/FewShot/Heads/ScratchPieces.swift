package import TinyNN

/// Working memory handed out piece by piece, each at a multiple of 64 bytes.
package struct ScratchPieces {
  private let memory: Elements<Float>
  private var end = 0

  /// `memory` starts at a multiple of 64 bytes.
  package init(_ memory: Elements<Float>) { self.memory = memory }

  /// Values that a piece of `count` takes.
  package static func size(_ count: Int) -> Int { (count + 15) & ~15 }

  package mutating func take(_ count: Int) -> Elements<Float> {
    let start = end
    end += ScratchPieces.size(count)
    return memory.slice(start, count)
  }

  package mutating func takeWords(_ count: Int) -> Elements<UInt32> {
    let piece = take(count)
    // The same bytes as numbers of the same size.
    return unsafe Elements<UInt32>(piece.address, count: count)
  }

  package mutating func takeBytes(_ count: Int) -> Elements<UInt8> {
    let piece = take((count + 3) / 4)
    // The same bytes; a value of memory is 4 of them.
    return unsafe Elements<UInt8>(piece.address, count: count)
  }

  /// What is left.
  package var rest: Elements<Float> { memory.slice(end, memory.count - end) }
}
