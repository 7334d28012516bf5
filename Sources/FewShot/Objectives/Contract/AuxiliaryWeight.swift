import TinyNN

/// How the weight of an auxiliary loss goes over a training.
package enum AuxiliaryWeight {
  /// Half of 0.5 is left after a third of the steps, nothing in the last third: for tasks that only shape the features.
  package static func fading(_ phase: Float) -> Float { 0.5 * max(0, 1 - phase * 1.5) }

  /// exp(-5 (1 - t)^2) (Laine and Aila 2017): for targets that the network computes itself, which are poor in the beginning.
  package static func rising(_ phase: Float) -> Float { ElementaryMath.exp(-5 * (1 - phase) * (1 - phase)) }
}
