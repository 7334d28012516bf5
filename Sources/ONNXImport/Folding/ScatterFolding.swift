extension ConstantFolding {
  static let scatterRules: [String: Rule] = [
    // Assignments to slices of a constant: position encodings that the network builds while it runs.
    "ScatterND": { (folding) throws(ONNXImportError) in
      let (data, indices, updates) = (try folding.input(0), try folding.input(1), try folding.input(2))
      guard updates.isInteger == data.isInteger else { throw folding.node.error("updates and data are of different types") }
      let places = try ScatterPlaces(folding.node, data.shape, indices.shape, folding.integers(1), updates.shape)
      func scattered<Element>(_ elements: [Element], _ new: [Element]) -> [Element] {
        var result = elements
        for (index, start) in places.starts.enumerated() {
          for offset in 0..<places.length { result[start + offset] = new[index * places.length + offset] }
        }
        return result
      }
      if let elements = data.integers, let new = updates.integers {
        return [HostTensor(data.shape, integers: scattered(elements, new))]
      }
      return [HostTensor(data.shape, floats: scattered(data.floats, updates.floats))]
    }
  ]
}

/// Where the updates of a ScatterND go: the first element of each in the data, and how many each has.
struct ScatterPlaces {
  private(set) var starts: [Int] = []
  private(set) var length: Int
  private var axis: Int

  init(_ node: Node, _ data: [Int], _ indices: [Int], _ positions: [Int], _ updates: [Int]) throws(ONNXImportError) {
    guard (try node.string("reduction")) ?? "none" == "none" else { throw node.unsupported("a scatter that adds up") }
    let depth = indices.last ?? 0
    guard depth >= 1, depth <= data.count, updates == indices.dropLast() + data[depth...] else {
      throw node.error("updates of shape \(updates) at indices of shape \(indices) into shape \(data)")
    }
    let strides = rowMajorStrides(data)
    length = data[depth...].reduce(1, *)
    axis = depth - 1
    for first in stride(from: 0, to: positions.count, by: depth) {
      var start = 0
      for axis in 0..<depth {
        let extent = data[axis], position = positions[first + axis]
        guard position >= -extent, position < extent else { throw node.error("index \(position) into \(extent) elements") }
        start += (position < 0 ? position + extent : position) * strides[axis]
      }
      starts.append(start)
    }
  }

  /// The same with updates that fill whole dimensions joined to one.
  func joined(_ data: [Int]) -> ScatterPlaces {
    var result = self
    while result.axis >= 0, !result.starts.isEmpty {
      let extent = data[result.axis], wide = result.length * extent
      let fills =
        result.starts.count % extent == 0
        && result.starts.indices.allSatisfy { index in
          let first = result.starts[index / extent * extent]
          return first % wide == 0 && result.starts[index] == first + index % extent * result.length
        }
      guard fills else { break }
      result.starts = stride(from: 0, to: result.starts.count, by: extent).map { result.starts[$0] }
      (result.length, result.axis) = (wide, result.axis - 1)
    }
    return result
  }
}
