import CTinyNN

extension Binary {
  func runInt8(_ context: borrowing OperatorContext, _ a: Tensor, _ b: Tensor, _ output: Tensor) {
    let (mapA, mapB, map) = (a.map, b.map, output.map)
    let bounds = activation.bounds(in: map)
    let (left, right, target) = (a.int8s, b.int8s, output.int8s)
    if function == .multiply {
      let multiplier = mapA.scale * mapB.scale / map.scale
      eachRow(context, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
        // Integers up to 2^16 are exact in single precision, and so is their product.
        let product = { (x: Int8, y: Int8) in
          quantized(
            smallFloat(Int32(x) &- mapA.zeroPoint) * smallFloat(Int32(y) &- mapB.zeroPoint) * multiplier,
            zeroPoint: bounds.zeroPoint, minimum: bounds.minimum, maximum: bounds.maximum)
        }
        switch (stepA, stepB) {
        case (1, 1):
          if left.isSameMemory(as: target) && startA == start {
            for i in start..<start + count { target[i] = product(target[i], right[startB + i - start]) }
          } else {
            for i in 0..<count { target[start + i] = product(left[startA + i], right[startB + i]) }
          }
        case (1, 0):
          let y = right[startB]
          for i in 0..<count { target[start + i] = product(left[startA + i], y) }
        default:
          for i in 0..<count { target[start + i] = product(left[startA + i * stepA], right[startB + i * stepB]) }
        }
      }
      return
    }
    let kernels = context.kernels
    let scaleA = mapA.scale / map.scale, scaleB = mapB.scale / map.scale
    eachRow(context, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
      if stepA == 1 && stepB == 1 {
        kernels.add(left.slice(startA, count), mapA, right.slice(startB, count), mapB, output: target.slice(start, count), map, bounds)
        return
      }
      for i in 0..<count {
        let x = smallFloat(Int32(left[startA + i * stepA]) &- mapA.zeroPoint) * scaleA
        let y = smallFloat(Int32(right[startB + i * stepB]) &- mapB.zeroPoint) * scaleB
        target[start + i] = quantized(x + y, zeroPoint: bounds.zeroPoint, minimum: bounds.minimum, maximum: bounds.maximum)
      }
    }
  }
}
