import CTinyNN

extension Binary {
  public var int8Form: Int8Form? { function == .add || function == .multiply ? .arithmetic : nil }

  func runInt8(_ context: borrowing OperatorContext, _ a: Tensor, _ b: Tensor, _ output: Tensor) {
    let (mapA, mapB, map) = (a.map, b.map, output.map)
    let bounds = activation.bounds(in: map)
    let (left, right, target) = (a.int8s, b.int8s, output.int8s)
    let kernels = context.kernels
    if function == .multiply {
      let multiplier = mapA.scale * mapB.scale / map.scale
      eachRow(context, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
        if stepA == 1 && stepB == 1 {
          kernels.multiply(
            left.slice(startA, count), mapA, right.slice(startB, count), mapB, output: target.slice(start, count),
            scale: multiplier, bounds)
          return
        }
        for i in 0..<count {
          let x = Int32(left[startA + i * stepA]) &- mapA.zeroPoint, y = Int32(right[startB + i * stepB]) &- mapB.zeroPoint
          target[start + i] = quantized(
            smallFloat(x &* y) * multiplier, zeroPoint: bounds.zeroPoint, minimum: bounds.minimum, maximum: bounds.maximum)
        }
      }
      return
    }
    let scaleA = mapA.scale / map.scale, scaleB = mapB.scale / map.scale
    eachRow(context, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
      if stepA == 1 && stepB == 1 {
        kernels.add(
          left.slice(startA, count), mapA, right.slice(startB, count), mapB, output: target.slice(start, count), map, bounds)
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
