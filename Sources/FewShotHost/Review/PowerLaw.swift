import Glibc

/// An error that falls with the number of photos: floor + factor * photos^-exponent, the usual shape of learning curves (Viering
/// and Loog, "The shape of learning curves: a review", 2022).
struct PowerLaw: Equatable {
  let floor: Double
  let factor: Double
  let exponent: Double

  init(floor: Double, factor: Double, exponent: Double) {
    self.floor = floor
    self.factor = factor
    self.exponent = exponent
  }

  private static let exponents = (1...16).map { Double($0) / 8 }

  /// The law with the smallest sum of weighted squares, its parts not negative; with two points the floor is 0.
  /// - Parameter points: at least two, of different numbers of photos.
  init(_ points: [(photos: Double, error: Double, weight: Double)]) {
    precondition(points.count > 1)
    var best: (loss: Double, law: PowerLaw)?
    for exponent in PowerLaw.exponents {
      for fitsFloor in points.count > 2 ? [true, false] : [false] {
        let law = PowerLaw(points, exponent: exponent, fitsFloor: fitsFloor)
        let loss = points.reduce(0) { sum, point in
          let rest = law.error(at: point.photos) - point.error
          return sum + point.weight * rest * rest
        }
        if loss < best?.loss ?? .infinity { best = (loss, law) }
      }
    }
    self = best!.law
  }

  private init(_ points: [(photos: Double, error: Double, weight: Double)], exponent: Double, fitsFloor: Bool) {
    // Normal equations of floor * 1 + factor * x.
    var (one, x, xx, y, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for point in points {
      let power = pow(point.photos, -exponent)
      one += point.weight
      x += point.weight * power
      xx += point.weight * power * power
      y += point.weight * point.error
      xy += point.weight * power * point.error
    }
    self.exponent = exponent
    let determinant = one * xx - x * x
    let (floor, factor) = determinant > 1e-12 ? ((xx * y - x * xy) / determinant, (one * xy - x * y) / determinant) : (0, 0)
    if fitsFloor, determinant > 1e-12, floor >= 0, factor >= 0 {
      (self.floor, self.factor) = (floor, factor)
    } else {
      self.floor = 0
      self.factor = xx > 0 ? max(0, xy / xx) : 0
    }
  }

  /// Between 0 and 1.
  func error(at photos: Double) -> Double { min(1, floor + factor * pow(photos, -exponent)) }
}
