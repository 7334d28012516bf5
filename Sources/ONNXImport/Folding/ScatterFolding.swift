extension ConstantFolding {
  static let scatterRules: [String: Rule] = [
    // Assignments to slices of a constant: position encodings that the network builds while it runs.
    "ScatterND": { (folding) throws(ONNXImportError) in
      let (data, indices, updates) = (try folding.input(0), try folding.input(1), try folding.input(2))
      guard (try folding.node.string("reduction")) ?? "none" == "none" else { throw folding.node.unsupported("a scatter that adds up") }
      let depth = indices.shape.last ?? 0
      guard depth >= 1, depth <= data.shape.count, updates.shape == indices.shape.dropLast() + data.shape[depth...],
        updates.isInteger == data.isInteger
      else { throw folding.node.error("updates of shape \(updates.shape) at indices of shape \(indices.shape) into shape \(data.shape)") }
      let strides = rowMajorStrides(data.shape)
      let length = data.shape[depth...].reduce(1, *)
      let positions = try folding.integers(1)
      var starts: [Int] = []
      for first in stride(from: 0, to: positions.count, by: depth) {
        var start = 0
        for axis in 0..<depth {
          let extent = data.shape[axis], position = positions[first + axis]
          guard position >= -extent, position < extent else { throw folding.node.error("index \(position) into \(extent) elements") }
          start += (position < 0 ? position + extent : position) * strides[axis]
        }
        starts.append(start)
      }
      func scattered<Element>(_ elements: [Element], _ new: [Element]) -> [Element] {
        var result = elements
        for (index, start) in starts.enumerated() {
          for offset in 0..<length { result[start + offset] = new[index * length + offset] }
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
