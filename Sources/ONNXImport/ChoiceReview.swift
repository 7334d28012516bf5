/// A look at the embedding that was chosen, when its shape is known.
///
/// Where it is not one vector for an image, such as the tokens of a transformer, and another output is one, that output is taken.
struct ChoiceReview {
  private(set) var tensor: String
  /// What to tell about the choice, a line each.
  private(set) var notes: [String] = []

  private let model: ONNXModel
  private let options: ImportOptions

  init(of choice: EmbeddingSearch.Choice, _ shape: [Int], in model: ONNXModel, _ options: ImportOptions) {
    tensor = choice.tensor
    self.model = model
    self.options = options
    if let doubt = choice.doubt {
      notes.append("the embedding is '\(tensor)' \(shape), \(doubt.reason); to take another: \(list(doubt.candidates))")
      return
    }
    guard !isVector(shape) else { return }
    for output in model.outputs where output.name != tensor {
      guard let vector = self.shape(of: output.name), isVector(vector) else { continue }
      notes.append("the embedding is '\(output.name)' \(vector); to take another: --embedding '\(tensor)' \(shape)")
      tensor = output.name
      return
    }
    notes.append(
      "the embedding is '\(tensor)' \(shape), \(shape.dropFirst().reduce(1, *)) values and not one vector for the photo; "
        + "to take another tensor or node: --embedding NAME")
  }

  /// One position in all dimensions but the batch and one other.
  private func isVector(_ shape: [Int]) -> Bool { shape.dropFirst().count { $0 > 1 } <= 1 }

  private func list(_ tensors: [String]) -> String {
    tensors.prefix(4).map { name in "--embedding '\(name)'\(shape(of: name).map { " \($0)" } ?? "")" }.joined(separator: ", ")
  }

  /// The dimensions of a tensor, or nil if it cannot be computed here.
  private func shape(of tensor: String) -> [Int]? {
    var options = options
    options.embedding = tensor
    return (try? model.translated(options))?.outputs.first?.shape
  }
}
