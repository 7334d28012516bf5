/// How an objective's rows are pushed at the cut: the way in which its loss grows most, found from the loss's gradient where the
/// tensor is pushed a little in a random direction (one step of a power iteration; Miyato et al. 2018).
public struct CutPerturbation: Equatable, Sendable {
  /// The length of the random push, and of the one with which the row trains, as parts of the tensor's own.
  public var probe: Float
  public var radius: Float

  public init(probe: Float, radius: Float) {
    self.probe = probe
    self.radius = radius
  }
}
