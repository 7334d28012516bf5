/// Axes reordered: axis i of the output is axis `permutation[i]` of the input (ONNX Transpose).
public struct Transpose: Operator {
  public static let name: StaticString = "Transpose"
  public var permutation: Permutation

  public init(_ permutation: Permutation) { self.permutation = permutation }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    permutation = Permutation(rank: try reader.int(in: 0...Shape.maximumRank))
    for axis in 0..<permutation.rank { permutation[axis] = try reader.int(in: 0...permutation.rank - 1) }
    guard permutation.isValid else { throw ModelError(.attributeOutOfRange) }
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(permutation.rank)
    for axis in 0..<permutation.rank { sink.append(permutation[axis]) }
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.activations(0, rank: permutation.rank)
    return TensorType(input.elementType, permutation(input.shape))
  }

  public var int8Form: Int8Form? { .following }
  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    if context.output(0).elementType == .int8 { run(context, Int8.self) } else { run(context, Float.self) }
  }

  private func run<T: BitwiseCopyable>(_ context: borrowing OperatorContext, _ element: T.Type) {
    let input = context.input(0), output = context.output(0)
    let source = input.elements(T.self), target = output.elements(T.self)
    let count = output.shape.count
    var walk = TransposeWalk(permutation, input.shape)
    let inner = walk.innerExtent, step = walk.innerStride
    let share = context.share(of: count / inner)
    walk.move(to: share.lowerBound)
    var row = share.lowerBound
    while row < share.upperBound {
      let from = walk.offset
      if step == 1 {
        target.copy(inner, of: source, from: from, to: row * inner)
      } else if walk.neighbours >= Transpose.block, share.upperBound - row >= Transpose.block {
        for i in 0..<inner {
          for j in 0..<Transpose.block { target[(row + j) * inner + i] = source[from + i * step + j] }
        }
        for _ in 1..<Transpose.block { walk.next() }
        row += Transpose.block - 1
      } else {
        for i in 0..<inner { target[row * inner + i] = source[from + i * step] }
      }
      walk.next()
      row += 1
    }
  }

  /// Rows written together where they lie side by side in the input, so that each line of the cache is read once.
  private static let block = 8
}

/// The rows (innermost axis) of a transposed tensor in order, and where the input has their first elements. Axes that stay
/// neighbours count as one.
struct TransposeWalk {
  private var extents = InlineArray<6, Int>(repeating: 1)
  /// Strides of the input in the order of the output's axes.
  private var strides = InlineArray<6, Int>(repeating: 0)
  private var position = InlineArray<6, Int>(repeating: 0)
  private var rank = 1
  private(set) var offset = 0

  init(_ permutation: Permutation, _ shape: Shape) {
    strides[0] = 1
    var axes = 0
    for axis in 0..<permutation.rank where shape[permutation[axis]] > 1 {
      let extent = shape[permutation[axis]], stride = shape.count(in: permutation[axis] + 1..<permutation.rank)
      if axes > 0, strides[axes - 1] == stride * extent {
        extents[axes - 1] *= extent
        strides[axes - 1] = stride
      } else {
        extents[axes] = extent
        strides[axes] = stride
        axes += 1
      }
    }
    rank = max(1, axes)
  }

  var innerExtent: Int { extents[rank - 1] }
  var innerStride: Int { strides[rank - 1] }

  /// How many rows from this one on have their elements one behind the other in the input; 1 if none but itself.
  var neighbours: Int { rank > 1 && strides[rank - 2] == 1 ? extents[rank - 2] - position[rank - 2] : 1 }

  mutating func move(to row: Int) {
    var rest = row
    offset = 0
    var axis = rank - 2
    while axis >= 0 {
      position[axis] = rest % extents[axis]
      offset += position[axis] * strides[axis]
      rest /= extents[axis]
      axis -= 1
    }
  }

  mutating func next() {
    var axis = rank - 2
    while axis >= 0 {
      position[axis] += 1
      offset += strides[axis]
      if position[axis] < extents[axis] { return }
      offset -= extents[axis] * strides[axis]
      position[axis] = 0
      axis -= 1
    }
  }
}
