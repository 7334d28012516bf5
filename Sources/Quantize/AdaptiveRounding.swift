import ModelCompiler
import TinyNN

/// Mean products of the inputs that one group of output channels sees: what the rounding of its weights adds to the squared
/// error of its results is e' H e for errors e of the weights (Nagel et al. 2020, equation 13).
struct InputMoments {
  /// Weights of an output channel.
  let count: Int
  private var samples = 0.0
  /// Upper triangle, row-major.
  private var products: [Float]
  private var sums: [Float]

  init(count: Int) {
    self.count = count
    products = [Float](repeating: 0, count: count * count)
    sums = [Float](repeating: 0, count: count)
  }

  /// Adds one patch of `count` values.
  mutating func add(_ patch: UnsafeBufferPointer<Float>) {
    samples += 1
    let n = count
    products.withUnsafeMutableBufferPointer { products in
      sums.withUnsafeMutableBufferPointer { sums in
        for i in 0..<n where patch[i] != 0 {
          let value = patch[i]
          sums[i] += value
          let row = UnsafeMutableBufferPointer(rebasing: products[i * n..<(i + 1) * n])
          for j in i..<n { row[j] += value * patch[j] }
        }
      }
    }
  }

  /// The symmetric matrix of mean products, or of covariances if a bias takes up the mean.
  func matrix(centred: Bool) -> [Float] {
    var result = products
    let factor = Float(1 / max(1, samples))
    for i in 0..<count {
      for j in i..<count {
        var value = products[i * count + j] * factor
        if centred { value -= sums[i] * factor * sums[j] * factor }
        result[i * count + j] = value
        result[j * count + i] = value
      }
    }
    return result
  }
}

/// The rounding of the weights of one output channel, up or down, that adds the least error to its results.
///
/// The problem is the quadratic binary one of Nagel et al. 2020; where they relax it and descend along gradients, this
/// descends along coordinates from the nearest rounding: a weight is rounded the other way if that lowers the error, until
/// none does.
struct AdaptiveRounding {
  /// [count][count], symmetric.
  let moments: [Float]
  let count: Int

  /// e' H e for the errors of the weights.
  func error(_ errors: [Float]) -> Double {
    moments.withUnsafeBufferPointer { moments in
      var sum = 0.0
      for i in 0..<count {
        var row: Float = 0
        for j in 0..<count { row += moments[i * count + j] * errors[j] }
        sum += Double(row) * Double(errors[i])
      }
      return sum
    }
  }

  /// - Parameter weights: in units of their scale, within -127 ... 127.
  /// - Returns: whole numbers, each the one below or above.
  func rounded(_ weights: [Float]) -> [Float] {
    var q = weights.map { $0.rounded(.toNearestOrEven) }
    var errors = zip(weights, q).map { $0 - $1 }
    // A little of the diagonal's mean: products that few samples give are uncertain.
    let ridge = 0.01 * (0..<count).reduce(Float(0)) { $0 + moments[$1 * count + $1] } / Float(max(1, count))
    moments.withUnsafeBufferPointer { moments in
      var slopes = (0..<count).map { i in (0..<count).reduce(ridge * errors[i]) { $0 + moments[i * count + $1] * errors[$1] } }
      for _ in 0..<20 {
        var isChanged = false
        for i in 0..<count {
          let other = errors[i] > 0 ? q[i] + 1 : q[i] - 1
          guard errors[i] != 0, abs(other) <= 127 else { continue }
          let step = q[i] - other
          let change = 2 * step * slopes[i] + moments[i * count + i] + ridge
          guard change < -1e-7 * (moments[i * count + i] + ridge) else { continue }
          q[i] = other
          errors[i] += step
          slopes.withUnsafeMutableBufferPointer { slopes in
            for j in 0..<count { slopes[j] += step * moments[i * count + j] }
          }
          slopes[i] += step * ridge
          isChanged = true
        }
        if !isChanged { break }
      }
    }
    return q
  }
}

/// What adaptive rounding did to a layer: squared error of its results before the activation, on held-out photos.
struct RoundingOutcome {
  let node: Int
  let before: Double
  let after: Double
}

extension Int8Lowering {
  /// More weights per output channel than this take too long.
  static let largestRoundedCount = 1152

  /// Rounds the weights of these layers for the inputs that `fit` gives them, and keeps those that lower the error on `held`.
  mutating func adaptRounding(
    _ layers: [Int], fit: CalibrationSet, held: CalibrationSet, centred: Bool, progress: (Int, Int) -> Void
  ) throws -> [RoundingOutcome] {
    let patches = layers.compactMap { source.patches(of: $0) }.filter { $0.count <= Int8Lowering.largestRoundedCount }
    guard !patches.isEmpty else { return [] }
    let (total, fitted) = (fit.inputs.count + held.inputs.count, fit.inputs.count)
    let learned = try moments(patches, fit) { progress($0, total) }
    let checked = try moments(patches, held) { progress(fitted + $0, total) }
    var outcomes: [RoundingOutcome] = []
    for (place, patch) in patches.enumerated() {
      let node = source.nodes[patch.node], channels = patch.layout.channels
      let weights = source.floats(node.inputs[1])!
      guard let map = maps[node.inputs[0]], !floatNodes.contains(node.name) else { continue }
      let nearest = quantizedWeights(patch.node, inputScale: map.scale)
      var (chosen, before, after) = (weights, 0.0, 0.0)
      for group in 0..<patch.groups {
        let solver = AdaptiveRounding(moments: learned[place][group].matrix(centred: centred), count: patch.count)
        let check = AdaptiveRounding(moments: checked[place][group].matrix(centred: centred), count: patch.count)
        for channel in group * channels / patch.groups..<(group + 1) * channels / patch.groups {
          let scale = nearest.scales[channel]
          let places = (0..<patch.count).map { patch.layout.element($0, of: channel) }
          let scaled = places.map { weights[$0] / scale }
          let rounded = solver.rounded(scaled)
          before += Double(scale * scale) * check.error(scaled.map { $0 - $0.rounded(.toNearestOrEven) })
          after += Double(scale * scale) * check.error(zip(scaled, rounded).map { $0 - $1 })
          for (i, value) in zip(places, rounded) { chosen[i] = value }
        }
      }
      if after < before {
        roundedWeights[patch.node] = WeightQuantization(weights, patch.layout, scales: nearest.scales) { i, _ in chosen[i] }
      }
      outcomes.append(RoundingOutcome(node: patch.node, before: before, after: after))
    }
    return outcomes
  }

  private func moments(_ patches: [LayerPatches], _ photos: CalibrationSet, progress: (Int) -> Void) throws -> [[InputMoments]] {
    let inputs = patches.map { source.nodes[$0.node].inputs[0] }
    let observed = Set(inputs).subtracting(source.inputs).sorted()
    let probe = try GraphProbe(source, observing: observed, threads: photos.threads)
    var result = patches.map { [InputMoments](repeating: InputMoments(count: $0.count), count: $0.groups) }
    for (number, photo) in photos.inputs.enumerated() {
      probe.run(photo)
      for (place, patch) in patches.enumerated() {
        if let index = observed.firstIndex(of: inputs[place]) {
          probe.withValues(index) { patch.add($0, photo: number, of: photos.inputs.count, to: &result[place]) }
        } else {
          patch.add(photo.span, photo: number, of: photos.inputs.count, to: &result[place])
        }
      }
      progress(number + 1)
    }
    return result
  }
}
