/// Photos that two classes of a task both learned from, so that they cannot be told apart by them.
public struct SharedPhotos: Equatable, Sendable, CustomStringConvertible {
  /// In the order of the classes.
  public let names: [String]
  public let count: Int

  public var description: String {
    """
    classes '\(names[0])' and '\(names[1])' have \(count) \(count == 1 ? "photo" : "photos") in common, which \
    cannot be told apart; remove them from one
    """
  }
}

extension Knowledge {
  /// Every pair of classes that have photos in common, in the order of the classes.
  public var sharedPhotos: [SharedPhotos] {
    var (owners, shared): ([UInt64: [Int]], [[Int]: Int]) = ([:], [:])
    for (index, known) in classes.enumerated() {
      for example in known.examples {
        for other in owners[example.identifier, default: []] { shared[[other, index], default: 0] += 1 }
        owners[example.identifier, default: []].append(index)
      }
    }
    return shared.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { pair, count in
      SharedPhotos(names: pair.map { classes[$0].name }, count: count)
    }
  }
}
