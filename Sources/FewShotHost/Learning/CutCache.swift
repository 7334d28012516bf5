import FewShot
import HostRuntime
public import TinyNN

/// Tensors at the cut of many photos and views, as int8 in one piece of memory.
public final class CutCache {
  public let count: Int
  private let code: LatentCode
  private let entryCount: Int
  private let memory: AlignedMemory
  private var maps: [Quantization]

  /// `entryCount` values for each of `count` tensors; `map` is the tensor's own, if it is int8.
  public init(count: Int, entryCount: Int, map: Quantization?) {
    self.count = count
    self.entryCount = entryCount
    code = LatentCode(map: map)
    memory = AlignedMemory(byteCount: count * entryCount)
    maps = [Quantization](repeating: Quantization(scale: 1, zeroPoint: 0), count: count)
  }

  public func store(_ values: Elements<Float>, at index: Int) { maps[index] = code.encode(values, to: entry(index)) }
  public func store(_ values: [Float], at index: Int) {
    // Read only, during this call.
    values.withUnsafeBufferPointer {
      store(Elements(UnsafeMutableRawPointer(mutating: $0.baseAddress!), count: $0.count), at: index)
    }
  }
  public func load(_ index: Int, to values: Elements<Float>) { LatentCode.decode(entry(index), maps[index], to: values) }

  private func entry(_ index: Int) -> Elements<Int8> {
    precondition(index >= 0 && index < count)
    return Elements(memory.buffer.baseAddress! + index * entryCount, count: entryCount)
  }
}

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

  /// Places for one photo: itself, its views, and its quarter turns where rotation trains.
  public static func places(_ options: AdaptationOptions) -> Int { 1 + options.views + (options.turnsPhotos ? 4 : 0) }

  /// Stores a photo and its views in the cache from place `first`. The views depend on the seed and on `identifier` only.
  /// - Parameter input: what the network takes for the photo.
  public func add(_ input: [Float], identifier: UInt64, to cache: CutCache, at first: Int) {
    let base = photo.floats
    for i in input.indices { base[i] = input[i] }
    var random = CounterRandom(seed: plan.options.seed ^ 0x7669_6577, stream: identifier)
    run(base, cache, first)
    for index in 0..<plan.options.views { run(View(random: &random), cache, first + 1 + index) }
    guard plan.options.turnsPhotos else { return }
    for turns in 0..<4 {
      var turned = View(random: &random)
      turned.turns = turns
      run(turned, cache, first + 1 + plan.options.views + turns)
    }
  }

  private func run(_ view: View, _ cache: CutCache, _ place: Int) {
    view.render(photo.floats, encoder.preprocessing, to: self.view.floats)
    run(self.view.floats, cache, place)
  }

  private func run(_ input: Elements<Float>, _ cache: CutCache, _ place: Int) {
    encoder.encoder.session.setInput(input)
    encoder.encoder.session.run(until: plan.firstOperator)
    let cut: Elements<Float> = Elements(values.buffer.baseAddress!, count: plan.training.cutCount)
    encoder.encoder.session.copyValues(ofTensor: cutTensor, to: cut)
    cache.store(cut, at: place)
  }
}

extension AlignedMemory {
  /// The memory as float32 values.
  var floats: Elements<Float> { Elements(buffer.baseAddress!, count: bytes.count / 4) }
}
