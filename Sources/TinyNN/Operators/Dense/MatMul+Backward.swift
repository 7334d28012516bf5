extension MatMul {
  public var differentiation: Differentiation? { Differentiation(inputs: .always, output: false) }

  public func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int {
    let a = operands.shape(0)
    return gradients(output, depth: a[a.rank - 1]).scratchByteCount
  }

  private func gradients(_ output: Shape, depth: Int) -> ProductGradients {
    ProductGradients(rows: output[output.rank - 2], depth: depth, columns: output[output.rank - 1])
  }

  /// For each matrix Y = A B: dA = dY B^T, dB = A^T dY, in the order of the output; where an operand is broadcast its gradients add
  /// up.
  public func backward(_ context: borrowing BackwardContext) {
    let a = context.input(0), b = context.input(1), output = context.output(0)
    let gradient = context.outputGradient
    let memory = gradients(output.shape, depth: a.shape[a.shape.rank - 1])
    let (size, sizeA, sizeB) = (memory.rows * memory.columns, memory.rows * memory.depth, memory.depth * memory.columns)
    let gradientA = context.inputGradient(0), gradientB = context.inputGradient(1)
    for matrix in 0..<output.shape.count / size {
      let dY = gradient.slice(matrix * size, size)
      let (startA, startB) = (offset(of: matrix, in: a.shape, output.shape), offset(of: matrix, in: b.shape, output.shape))
      if let gradientA {
        gradientA.slice(startA, sizeA).add(memory.byLeft(dY, b.floats.slice(startB, sizeB), context.kernels, context.scratch))
      }
      if let gradientB {
        gradientB.slice(startB, sizeB).add(memory.byRight(dY, a.floats.slice(startA, sizeA), context.kernels, context.scratch))
      }
    }
  }
}

/// Both gradients of one product of row-major matrices [rows, depth] [depth, columns], by the forward kernel.
struct ProductGradients {
  let rows: Int
  let depth: Int
  let columns: Int

  // Scratch: zeros | packed B^T or dY | A^T | product. The two products are not needed at once.
  private var zeroCount: Int { max(PanelPacking.padded(depth), PanelPacking.padded(columns)) }
  private var packedStart: Int { Format.aligned(4 * zeroCount) }
  private var transposedStart: Int {
    packedStart + Format.aligned(4 * max(PanelPacking.padded(depth) * columns, PanelPacking.padded(columns) * rows))
  }
  private var productStart: Int { transposedStart + Format.aligned(4 * depth * rows) }
  var scratchByteCount: Int { productStart + Format.aligned(4 * depth * max(rows, columns)) }

  /// dY B^T: [rows, depth].
  func byLeft(_ dY: Elements<Float>, _ b: Elements<Float>, _ kernels: Kernels, _ scratch: ScratchMemory) -> Elements<Float> {
    let width = PanelPacking.width
    let packed = scratch.floats(at: packedStart, count: PanelPacking.padded(depth) * columns)
    for panel in 0..<PanelPacking.padded(depth) / width {
      for lane in 0..<width {
        let k = panel * width + lane, to = panel * columns * width + lane
        if k < depth {
          for column in 0..<columns { packed[to + column * width] = b[k * columns + column] }
        } else {
          for column in 0..<columns { packed[to + column * width] = 0 }
        }
      }
    }
    return product(MatrixRows(dY, count: rows, depth: columns), packed, count: rows, columns: depth, kernels, scratch)
  }

  /// A^T dY: [depth, columns].
  func byRight(_ dY: Elements<Float>, _ a: Elements<Float>, _ kernels: Kernels, _ scratch: ScratchMemory) -> Elements<Float> {
    let width = PanelPacking.width
    let packed = scratch.floats(at: packedStart, count: PanelPacking.padded(columns) * rows)
    for panel in 0..<PanelPacking.padded(columns) / width {
      let inside = min(width, columns - panel * width)
      for row in 0..<rows {
        let from = row * columns + panel * width, to = (panel * rows + row) * width
        for lane in 0..<inside { packed[to + lane] = dY[from + lane] }
        for lane in inside..<width { packed[to + lane] = 0 }
      }
    }
    let transposed = scratch.floats(at: transposedStart, count: depth * rows)
    for row in 0..<rows {
      for k in 0..<depth { transposed[k * rows + row] = a[row * depth + k] }
    }
    return product(MatrixRows(transposed, count: depth, depth: rows), packed, count: depth, columns: columns, kernels, scratch)
  }

  private func product(
    _ rows: MatrixRows, _ packed: Elements<Float>, count: Int, columns: Int, _ kernels: Kernels, _ scratch: ScratchMemory
  ) -> Elements<Float> {
    let zeros = scratch.floats(at: 0, count: zeroCount), result = scratch.floats(at: productStart, count: count * columns)
    for i in 0..<zeros.count { zeros[i] = 0 }
    kernels.multiply(
      rows, weights: packed, bias: zeros, output: result, outputStride: columns, columns: columns, minimum: -.infinity,
      maximum: .infinity)
    return result
  }
}
