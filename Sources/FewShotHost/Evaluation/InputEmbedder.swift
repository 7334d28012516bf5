import FewShot
import HostRuntime
import TinyNN

/// Embeds cached inputs.
final class InputEmbedder {
  private let encoder: ModelRunner
  private let input: AlignedMemory

  init(_ file: AlignedMemory) throws(ModelError) {
    encoder = try ModelRunner(memory: file)
    input = try AlignedMemory(arena: 4 * encoder.model.tensor(encoder.model.input(0)).type.shape.count)
  }

  /// Valid as long as this object.
  var model: Model { encoder.model }

  /// Of length 1: [places][dimension].
  func embeddings(_ cache: TensorCache, _ places: [Int]) -> [Float] {
    places.flatMap { place in
      cache.load(place, to: input.floats)
      encoder.session.setInput(input.floats)
      encoder.session.run()
      let output = encoder.session.output().floats
      return (0..<output.count).map { output[$0] }.normalized().values
    }
  }

  /// What the network takes.
  func load(_ cache: TensorCache, _ place: Int) -> [Float] {
    cache.load(place, to: input.floats)
    return (0..<input.floats.count).map { input.floats[$0] }
  }

  func example(_ values: [Float]) -> LearnedExample {
    for index in values.indices { input.floats[index] = values[index] }
    encoder.session.setInput(input.floats)
    encoder.session.run()
    let output = encoder.session.output().floats
    return LearnedExample(identifier: 0, embedding: (0..<output.count).map { output[$0] })
  }
}
