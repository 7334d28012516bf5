import TinyNN

/// Cuts both shapes into the smallest groups of neighbouring axes with equal products.
func commonAxisGroups(_ from: Shape, _ to: Shape) -> [(from: [Int], to: [Int])]? {
  var groups: [(from: [Int], to: [Int])] = []
  var (i, j) = (0, 0)
  while i < from.rank || j < to.rank {
    var group: (from: [Int], to: [Int]) = ([], [])
    var (m, n) = (1, 1)
    if i < from.rank { m = from[i]; group.from.append(i); i += 1 }
    if j < to.rank, m != 1 || from.rank == i || to[j] == 1 { n = to[j]; group.to.append(j); j += 1 }
    while m != n {
      if m < n {
        guard i < from.rank else { return nil }
        m *= from[i]; group.from.append(i); i += 1
      } else {
        guard j < to.rank else { return nil }
        n *= to[j]; group.to.append(j); j += 1
      }
    }
    groups.append(group)
  }
  return groups
}

extension Permutation {
  /// True if no element moves, because all axes that change their order have the extent 1.
  func movesOnlyUnitAxes(of shape: Shape) -> Bool {
    var last = -1
    for axis in 0..<rank where shape[self[axis]] != 1 {
      if self[axis] < last { return false }
      last = self[axis]
    }
    return true
  }
}
