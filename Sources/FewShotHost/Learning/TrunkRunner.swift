import FewShot
import HostRuntime
import TinyNN

/// Runs photos and their views through a network's trunk.
public final class TrunkRunner {
  private let encoder: PhotoEncoder
  private let plan: AdaptationPlan
  private let photo: AlignedMemory, view: AlignedMemory, values: AlignedMemory
  private let cutTensor: Int

  public init(_ encoder: PhotoEncoder, _ plan: AdaptationPlan, cutTensor: Int) {
    self.encoder = encoder
    self.plan = plan
    self.cutTensor = cutTensor
    photo = AlignedMemory(byteCount: 4 * encoder.preprocessing.outputCount)
    view = AlignedMemory(byteCount: 4 * encoder.preprocessing.outputCount)
    values = AlignedMemory(byteCount: 4 * plan.training.cutCount)
  }

  /// Stores a photo's views for all objectives in the cache from place `first`. They depend on the seed and on `identifier` only.
  /// - Parameters:
  ///   - input: what the network takes for the photo.
  ///   - identifier: of the photo, from which its views are drawn.
  ///   - cache: gets the tensors at the cut.
  ///   - first: the photo's first place there.
  public func add(_ input: [Float], identifier: UInt64, to cache: TensorCache, at first: Int) {
    let base = photo.floats
    for i in input.indices { base[i] = input[i] }
    var random = CounterRandom(seed: plan.options.seed ^ 0x7669_6577, stream: identifier)
    var place = first
    for recipe in plan.options.viewRecipes {
      for index in 0..<recipe.count {
        run(recipe.view(index, random: &random), cache, place)
        place += 1
      }
    }
  }

  private func run(_ view: View, _ cache: TensorCache, _ place: Int) {
    var input = photo.floats
    if view != View() {
      input = self.view.floats
      view.render(photo.floats, encoder.preprocessing, to: input)
    }
    encoder.runner.session.setInput(input)
    encoder.runner.session.run(until: plan.firstOperator)
    let cut: Elements<Float> = Elements(values.buffer.baseAddress!, count: plan.training.cutCount)
    encoder.runner.session.copyValues(ofTensor: cutTensor, to: cut)
    cache.store(cut, at: place)
  }
}
