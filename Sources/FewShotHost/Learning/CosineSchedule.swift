/// (1 + cos(pi x)) / 2 for x in 0 ... 1, without a cosine: the same bits everywhere.
public enum CosineSchedule {
  /// By Taylor's polynomial of the sine around the middle, to degree 9: error below 4e-6.
  public static func factor(_ x: Float) -> Float {
    let t = (0.5 - x) * 3.14159265
    let z = t * t
    let sine = t * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362_880)))))
    return 0.5 + 0.5 * sine
  }
}
