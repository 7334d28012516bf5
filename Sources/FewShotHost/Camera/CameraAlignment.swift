import FewShot
import HostRuntime
public import TinyNN

/// How an encoder is aligned with another camera.
public struct CameraAlignmentOptions: Equatable, Sendable {
  /// The change is shrunk as if so many photos without any change had been seen, too.
  public var priorPhotos = 8.0
  /// The least shift that is corrected, as a multiple of the largest that one class of the labelled photos has from all of them:
  /// photos without labels may show only some of the classes, which is no shift.
  public var threshold = 1.5
  public init() {}
}

/// Network inputs in a cache, by place.
public struct CachedInputs {
  public let cache: CutCache
  public let places: [Int]

  public init(_ cache: CutCache, _ places: [Int]) {
    self.cache = cache
    self.places = places
  }
}

/// An encoder whose channels have, on photos without labels from the device's camera, the moments that the original's have on
/// the labelled photos.
///
/// Convolution by convolution in the order of execution: mean and variance of each channel before the activation are measured
/// on the camera's photos with everything before already aligned, and a factor and an addend that bring them to the labelled
/// photos' are folded into the convolution (AlignableModel). No labels, no gradients, no cost at inference.
public final class CameraAlignment {
  /// How far the camera's photos are from the labelled ones in the first third of the convolutions: the mean over channels of
  /// (difference of means / standard deviation)^2 + (logarithm of the ratio of deviations)^2.
  public let shift: Double
  /// The largest shift of one class of the labelled photos from all of them.
  public let classShift: Double
  /// True if the shift was large enough to be corrected.
  public let isAligned: Bool
  private let memory: AlignedMemory

  /// The aligned encoder's file; the original's where nothing was aligned.
  public var file: [UInt8] { memory.bytes.array }

  /// Bytes besides the encoder's own: a copy of the model, an arena, the moments.
  public static func plannedByteCount(_ model: Model, classes: Int) -> Int {
    let channels = (0..<model.operatorCount).reduce(0) { $0 + (model.alignmentChannelCount($1)) }
    return model.bytes.count + model.activationByteCount + 8 * ChannelMoments.valueCount(channels: channels) * (classes + 2)
  }

  /// - Parameters:
  ///   - labels: the class of each labelled photo, from 0.
  ///   - progress: gets the convolutions done, of how many.
  public init(
    _ original: Model, labelled: CachedInputs, labels: [Int], unlabelled: CachedInputs, _ options: CameraAlignmentOptions = .init(),
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(ModelError) {
    memory = AlignedMemory(copying: original.bytes.array)
    let run = try AlignmentRun(original, memory)
    let asked = max(1, run.points.count / 3)
    let (all, classes) = run.moments(labelled, labels, classesAt: asked)
    let camera = run.moments(unlabelled, asked)
    func shift(_ found: [ChannelMoments]) -> Double {
      (0..<asked).reduce(0) { $0 + found[$1].shift(from: all[$1]) } / Double(asked)
    }
    (self.shift, classShift) = (shift(camera), classes.map(shift).max() ?? 0)
    isAligned = self.shift > options.threshold * classShift
    guard isAligned else { return }
    let strength = Double(unlabelled.places.count) / (Double(unlabelled.places.count) + options.priorPhotos)
    for index in run.points.indices {
      run.align(index, on: unlabelled, to: all[index], strength)
      progress(index + 1, run.points.count)
    }
    run.model.seal()
  }
}

/// A model in memory being aligned, and what it takes to run it.
private final class AlignmentRun {
  let original: Model
  let model: AlignableModel
  let points: [AlignmentPoint]
  private let memory: AlignedMemory, arena: AlignedMemory, input: AlignedMemory
  private var session: Session
  private var storage: [AlignedMemory] = []

  /// `memory` holds a copy of the original's file.
  init(_ original: Model, _ memory: AlignedMemory) throws(ModelError) {
    self.original = original
    self.memory = memory
    // The buffer lives as long as this object.
    model = try AlignableModel(memory.buffer)
    let plan = try InferencePlan(for: model.model, threads: 1)
    arena = AlignedMemory(byteCount: plan.arenaByteCount)
    session = try Session(model.model, plan, arena: arena.buffer)
    points = (0..<model.model.operatorCount).compactMap(model.point)
    input = AlignedMemory(byteCount: 4 * model.model.tensor(model.model.input(0)).type.shape.count)
  }

  private func empty(_ point: AlignmentPoint) -> ChannelMoments {
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

  /// Moments at all points, and of each class at the first ones.
  func moments(_ photos: CachedInputs, _ labels: [Int], classesAt count: Int) -> (
    all: [ChannelMoments], classes: [[ChannelMoments]]
  ) {
    var all = points.map(empty)
    var classes = (0...(labels.max() ?? 0)).map { _ in points.prefix(count).map(empty) }
    for photo in photos.places.indices {
      load(photos, photo)
      observe(points.count) { point, tensor in
        all[point].add(tensor)
        if point < count { classes[labels[photo]][point].add(tensor) }
      }
    }
    return (all, classes.filter { $0.first.map { $0.photoCount > 0 } ?? false })
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

  fileprivate func shift(from reference: ChannelMoments) -> Double {
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

extension Model {
  fileprivate func alignmentChannelCount(_ index: Int) -> Int {
    let record = operatorRecord(index)
    guard weightForm(ofOperator: index)?.window != nil, let output = operand(record, record.inputCount) else { return 0 }
    let shape = tensor(output).type.shape
    return shape[shape.rank - 1]
  }
}
