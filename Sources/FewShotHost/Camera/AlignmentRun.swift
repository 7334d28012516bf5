import FewShot
import HostRuntime
import TinyNN

/// A model in memory being aligned, and what it takes to run it.
final class AlignmentRun {
  let original: Model
  let model: AlignableModel
  let points: [AlignmentPoint]
  /// The file of the model.
  let memory: AlignedMemory
  private let arena: AlignedMemory
  private let input: AlignedMemory
  private var session: Session
  private var storage: [AlignedMemory] = []

  /// `original`'s bytes must stay while this object lives.
  init(_ original: Model) throws(ModelError) {
    self.original = original
    memory = try AlignedMemory(copyingFile: original.bytes)
    // The buffer lives as long as this object.
    model = try AlignableModel(memory.buffer)
    let plan = try InferencePlan(for: model.model, threads: 1)
    arena = try AlignedMemory(arena: plan.arenaByteCount)
    session = try Session(model.model, plan, arena: arena.buffer)
    points = (0..<model.model.operatorCount).compactMap(model.point)
    input = try AlignedMemory(arena: 4 * model.model.tensor(model.model.input(0)).type.shape.count)
  }

  func empty(_ point: AlignmentPoint) -> ChannelMoments {
    let memory = AlignedMemory(byteCount: 8 * ChannelMoments.valueCount(channels: point.channelCount))
    storage.append(memory)
    return ChannelMoments(Elements(memory.buffer.baseAddress!, count: memory.bytes.count / 8), channels: point.channelCount)
  }

  private func load(_ photos: CachedInputs, _ index: Int) {
    photos.cache.load(photos.places[index], to: input.floats)
    session.setInput(input.floats)
  }

  /// Runs the first `count` convolutions on a photo; `body` gets the results of each before the activation.
  private func observe(_ count: Int, _ body: (_ point: Int, Tensor) -> Void) {
    var next = 0
    for (index, point) in points.prefix(count).enumerated() {
      for before in next..<point.operatorIndex { session.runOperator(before) }
      model.expose(point)
      session.runOperator(point.operatorIndex)
      body(index, session.tensor(point.outputTensor))
      model.restore(point, from: original)
      session.runOperator(point.operatorIndex)
      next = point.operatorIndex + 1
    }
  }

  /// Moments at the first `count` points.
  func moments(_ photos: CachedInputs, _ count: Int) -> [ChannelMoments] {
    var result = points.prefix(count).map(empty)
    for photo in photos.places.indices {
      load(photos, photo)
      observe(count) { result[$0].add($1) }
    }
    return result
  }

  /// Adds a photo to the moments at all points, and to those of its class at the first ones.
  func add(_ photos: CachedInputs, _ photo: Int, to all: inout [ChannelMoments], _ own: inout [ChannelMoments]) {
    load(photos, photo)
    observe(points.count) { point, tensor in
      all[point].add(tensor)
      if point < own.count { own[point].add(tensor) }
    }
  }

  /// Measures a point behind points that are aligned, and aligns it.
  func align(_ index: Int, on photos: CachedInputs, to wanted: ChannelMoments, _ strength: Double) {
    let point = points[index]
    var found = empty(point)
    model.expose(point)
    for photo in photos.places.indices {
      load(photos, photo)
      session.run(until: point.operatorIndex + 1)
      found.add(session.tensor(point.outputTensor))
    }
    model.restore(point, from: original)
    // Its memory goes when the point is done.
    defer { storage.removeLast() }
    let least = wanted.leastVariance
    for channel in 0..<point.channelCount {
      let ratio = Double(ElementaryMath.log(Float((wanted.variance(channel) + least) / (found.variance(channel) + least))))
      let factor = Double(ElementaryMath.exp(Float(min(2.3, max(-2.3, strength * ratio / 2)))))
      let difference = wanted.mean(channel) - found.mean(channel)
      model.fold(
        point, channel: channel, factor: Float(factor), addend: Float(found.mean(channel) * (1 - factor) + strength * difference))
    }
  }
}

extension ChannelMoments {
  /// What variances are raised by, so that channels that hardly vary are not blown up.
  fileprivate var leastVariance: Double { 1e-3 * (0..<channelCount).reduce(0) { $0 + variance($1) } / Double(channelCount) + 1e-12 }

  func shift(from reference: ChannelMoments) -> Double {
    let least = reference.leastVariance
    var sum = 0.0
    for channel in 0..<channelCount {
      let variance = reference.variance(channel) + least, difference = mean(channel) - reference.mean(channel)
      let ratio = Double(ElementaryMath.log(Float((self.variance(channel) + least) / variance)))
      sum += difference * difference / variance + ratio * ratio / 4
    }
    return sum / Double(channelCount)
  }
}
