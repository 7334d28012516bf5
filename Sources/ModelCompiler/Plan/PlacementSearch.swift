import TinyNN

/// A search for a small arena, where the greedy plan is larger than the sum of what lives at one step.
///
/// A plan is an order of the buffers, each of which takes the lowest gap that holds it. Starting from the orders by size, by size
/// times lifetime and by birth, the buffer on top of the arena, or one that lives beside it, moves to an earlier place in the
/// order; what is not worse is kept. Deterministic: the same buffers give the same plan everywhere.
struct PlacementSearch {
  private let buffers: [MemoryPlanner.Buffer]
  /// For each buffer those that live at the same time.
  private let neighbours: [[Int]]
  private let lowerBound: Int
  private var random = SplitMix(state: 1)
  private var offsets: [Int]
  private var arena: Int

  /// Placements of one order are this many steps at most; small graphs try more orders.
  private static let stepLimit = 30_000_000
  private static let orderLimit = 4000

  /// - Parameter buffers: as the greedy planner has placed them.
  init(_ buffers: [MemoryPlanner.Buffer], arena: Int, lowerBound: Int) {
    self.buffers = buffers
    self.arena = arena
    self.lowerBound = lowerBound
    offsets = buffers.map(\.offset)
    neighbours = buffers.indices.map { i in
      buffers.indices.filter { $0 != i && buffers[$0].first <= buffers[i].last && buffers[i].first <= buffers[$0].last }
    }
  }

  /// Offsets of all buffers, and the bytes of the arena.
  mutating func run() -> (offsets: [Int], arena: Int) {
    guard arena > lowerBound else { return (offsets, arena) }
    let bySize = buffers.indices.sorted {
      (-buffers[$0].byteCount, buffers[$0].first, $0) < (-buffers[$1].byteCount, buffers[$1].first, $1)
    }
    let area = buffers.map { $0.byteCount * ($0.last - $0.first + 1) }
    var orders = [bySize, bySize.sorted { area[$0] > area[$1] }, bySize.sorted { buffers[$0].first < buffers[$1].first }]
    let steps = max(1, neighbours.reduce(0) { $0 + $1.count })
    let attempts = min(PlacementSearch.orderLimit, PlacementSearch.stepLimit / steps)
    for start in orders.indices {
      guard var placed = place(orders[start], limit: .max) else { continue }
      keep(placed)
      for _ in 0..<attempts / orders.count where arena > lowerBound {
        let order = changed(orders[start], placed)
        guard let next = place(order, limit: height(placed)) else { continue }
        (orders[start], placed) = (order, next)
        keep(placed)
      }
    }
    return (offsets, arena)
  }

  private mutating func keep(_ placed: [Int]) {
    let height = height(placed)
    if height < arena { (offsets, arena) = (placed, height) }
  }

  private func height(_ placed: [Int]) -> Int { buffers.indices.reduce(0) { max($0, placed[$1] + buffers[$1].byteCount) } }

  /// The order with one buffer at the top, or beside such a one, moved forward.
  private mutating func changed(_ order: [Int], _ placed: [Int]) -> [Int] {
    let top = height(placed)
    let highest = buffers.indices.filter { placed[$0] + buffers[$0].byteCount == top }
    var moving = highest[random.next(below: highest.count)]
    let beside = neighbours[moving]
    if !beside.isEmpty, random.next(below: 2) == 0 { moving = beside[random.next(below: beside.count)] }
    var result = order
    guard let position = result.firstIndex(of: moving), position > 0 else { return result }
    result.remove(at: position)
    result.insert(moving, at: random.next(below: position))
    return result
  }

  /// Offsets of this order, or nil if the arena would be larger than `limit`.
  private func place(_ order: [Int], limit: Int) -> [Int]? {
    var placed = [Int](repeating: -1, count: buffers.count)
    for index in order {
      let size = buffers[index].byteCount
      var taken: [(start: Int, end: Int)] = []
      for other in neighbours[index] where placed[other] >= 0 {
        taken.append((placed[other], placed[other] + buffers[other].byteCount))
      }
      taken.sort { $0.start < $1.start }
      var offset = 0
      for range in taken {
        if range.start >= offset + size { break }
        offset = max(offset, range.end)
      }
      guard offset + size <= limit else { return nil }
      placed[index] = offset
    }
    return placed
  }
}

/// SplitMix64 (Steele et al. 2014).
private struct SplitMix {
  var state: UInt64

  mutating func next(below count: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(count))
  }
}
