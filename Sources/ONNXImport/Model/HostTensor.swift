/// A tensor whose values are known while importing: a weight, an attribute, or the result of folding.
///
/// Row-major in the order of the ONNX dimensions. Floating-point types are kept as `Float`, integers and booleans as
/// `Int64`: narrower types are widened, double is rounded.
struct HostTensor: Equatable, Sendable {
  enum Values: Equatable, Sendable {
    case floats([Float])
    case integers([Int64])
  }

  /// Of a weight that was stored as int8: real = scale times a whole number from -127 to 127.
  struct Steps: Equatable, Sendable {
    /// One, or one for each position of `axis`.
    var scales: [Float]
    var axis: Int
  }

  var shape: [Int]
  var values: Values
  /// What the file stores, where that matters: the range of a zero point.
  var storedType: Onnx_TensorProto.DataType?
  /// Lost by every change of the values.
  var steps: Steps?

  init(_ shape: [Int], _ values: Values) {
    self.shape = shape
    self.values = values
    assert(shape.reduce(1, *) == count)
  }

  init(_ shape: [Int], floats: [Float]) { self.init(shape, .floats(floats)) }
  init(_ shape: [Int], integers: [Int64]) { self.init(shape, .integers(integers)) }

  /// A vector of integers, as shapes and axes are.
  init(integers: [Int]) { self.init([integers.count], .integers(integers.map(Int64.init))) }

  var count: Int {
    switch values {
    case .floats(let elements): elements.count
    case .integers(let elements): elements.count
    }
  }

  var isInteger: Bool {
    if case .integers = values { true } else { false }
  }

  /// The elements as integers, or nil for a tensor of floats.
  var integers: [Int64]? {
    if case .integers(let elements) = values { elements } else { nil }
  }

  /// The elements as floats; integers are converted.
  var floats: [Float] {
    switch values {
    case .floats(let elements): elements
    case .integers(let elements): elements.map { Float($0) }
    }
  }

  /// The same elements under another shape. Precondition: the element count is the same.
  func reshaped(_ shape: [Int]) -> HostTensor {
    var result = HostTensor(shape, values)
    // The first axis keeps its place where only later ones change.
    if let steps, steps.scales.count == 1 || shape == self.shape || (steps.axis == 0 && shape.first == self.shape.first) {
      result.steps = steps
    }
    return result
  }

  /// The elements at `indices` (row-major positions), under `shape`.
  func gathering(_ indices: [Int], _ shape: [Int]) -> HostTensor {
    switch values {
    case .floats(let elements): HostTensor(shape, floats: indices.map { elements[$0] })
    case .integers(let elements): HostTensor(shape, integers: indices.map { elements[$0] })
    }
  }

  /// Axis `i` of the result is axis `permutation[i]` of this tensor.
  func transposed(_ permutation: [Int]) -> HostTensor {
    let strides = rowMajorStrides(shape)
    let shape = permutation.map { self.shape[$0] }
    var result = permutation == [1, 0] ? transposedMatrix() : gathering(positions(shape, permutation.map { strides[$0] }), shape)
    if let steps { result.steps = Steps(scales: steps.scales, axis: permutation.firstIndex(of: steps.axis) ?? 0) }
    return result
  }

  /// The transpose of a matrix, in tiles and without a list of positions: weights of dense layers are large.
  private func transposedMatrix() -> HostTensor {
    let (rows, columns) = (shape[0], shape[1])
    func moved<Element>(_ elements: [Element]) -> [Element] {
      [Element](unsafeUninitializedCapacity: elements.count) { result, count in
        for first in stride(from: 0, to: rows, by: 16) {
          for column in 0..<columns {
            for row in first..<min(rows, first + 16) {
              result.initializeElement(at: column * rows + row, to: elements[row * columns + column])
            }
          }
        }
        count = elements.count
      }
    }
    switch values {
    case .floats(let elements): return HostTensor([columns, rows], floats: moved(elements))
    case .integers(let elements): return HostTensor([columns, rows], integers: moved(elements))
    }
  }

  /// Repeats elements along axes of extent 1 as NumPy's broadcasting does. Precondition: the shapes are compatible.
  func broadcast(to target: [Int]) -> HostTensor {
    target == shape ? self : gathering(positions(target, broadcastStrides(shape, to: target)), target)
  }
}

/// The distance in elements between neighbours along each axis.
func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
  return strides
}

/// The strides with which a tensor of `shape` is read as one of shape `target`: 0 along axes that are repeated.
func broadcastStrides(_ shape: [Int], to target: [Int]) -> [Int] {
  let own = rowMajorStrides(shape)
  let missing = target.count - shape.count
  return target.indices.map { axis in
    axis < missing || shape[axis - missing] == 1 ? 0 : own[axis - missing]
  }
}

/// The position of every element of a strided view, in row-major order of `shape`.
func positions(_ shape: [Int], _ strides: [Int], from start: Int = 0) -> [Int] {
  var result = [start]
  for (extent, stride) in zip(shape, strides) {
    var next: [Int] = []
    next.reserveCapacity(result.count * extent)
    for base in result { for index in 0..<extent { next.append(base + index * stride) } }
    result = next
  }
  return result
}

/// The shape that two shapes are broadcast to (ONNX "Multidirectional Broadcasting"), or nil if they do not fit.
func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
  let rank = max(a.count, b.count)
  var result: [Int] = []
  for axis in 0..<rank {
    let left = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
    let right = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
    guard left == right || left == 1 || right == 1 else { return nil }
    result.append(left == 1 ? right : left)
  }
  return result
}
