/// What an operator's `backward` reads besides the gradient of its output: what has to stay in memory until then.
public struct Differentiation: Sendable {
  /// The activations that it took, to find the gradients of its weights or of its other input.
  public enum InputUse: Sendable {
    case never
    /// Only where its own weights train.
    case forWeights
    case always
  }

  public let inputs: InputUse
  public let output: Bool
  /// True for an operator that takes no constants in training: they have no batch.
  public let takesComputedInputsOnly: Bool

  public init(inputs: InputUse, output: Bool, takesComputedInputsOnly: Bool = false) {
    self.inputs = inputs
    self.output = output
    self.takesComputedInputsOnly = takesComputedInputsOnly
  }
}
