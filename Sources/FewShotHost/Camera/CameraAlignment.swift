import FewShot
public import HostRuntime
import TinyNN

/// How an encoder is aligned with another camera.
public struct CameraAlignmentOptions: Equatable, Sendable {
  /// The change is shrunk as if so many photos without any change had been seen, too.
  public var priorPhotos = 8.0
  /// The least shift that is corrected, as a multiple of the largest that one class of the labelled photos has from all of them:
  /// photos without labels may show only some of the classes, which is no shift.
  public var threshold = 1.5
  /// Fewer photos without labels are what they happen to show, not what their camera does: nothing is changed.
  public var photoMinimum = 8
  public init() {}
}

/// Network inputs in a cache, by place.
public struct CachedInputs {
  public let cache: TensorCache
  public let places: [Int]

  public init(_ cache: TensorCache, _ places: [Int]) {
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
  /// True if there were enough photos and the shift was large enough to be corrected.
  public let isAligned: Bool
  /// The aligned encoder's file; the original's where nothing was aligned.
  public let file: AlignedMemory

  /// Bytes besides the encoder's own: a copy of the model, an arena, the network's input, the moments.
  static func byteCount(_ model: Model, classes: Int) throws(ModelError) -> Int {
    let channels = (0..<model.operatorCount).reduce(0) { $0 + model.alignmentChannelCount($1) }
    let moments = 8 * ChannelMoments.valueCount(channels: channels) * (classes + 2)
    return model.bytes.count + (try InferencePlan(for: model)).arenaByteCount + 5 * model.tensor(model.input(0)).type.shape.count
      + moments
  }

  /// - Parameters:
  ///   - reference: has measured the labelled photos; it is used up.
  ///   - unlabelled: inputs of the device's camera, on which moments are measured again.
  ///   - options: when the shift is large enough.
  ///   - progress: gets the convolutions done, of how many.
  public init(
    _ reference: CameraReference, unlabelled: CachedInputs, _ options: CameraAlignmentOptions = .init(),
    progress: (Int, Int) -> Void = { _, _ in }
  ) {
    let run = reference.run
    file = run.memory
    let compared = reference.comparedCount, camera = run.moments(unlabelled, compared)
    func shift(_ found: [ChannelMoments]) -> Double {
      compared == 0 ? 0 : (0..<compared).reduce(0) { $0 + found[$1].shift(from: reference.all[$1]) } / Double(compared)
    }
    self.shift = shift(camera)
    classShift = reference.classes.filter { ($0.first?.photoCount ?? 0) > 0 }.map(shift).max() ?? 0
    isAligned = unlabelled.places.count >= options.photoMinimum && self.shift > options.threshold * classShift
    guard isAligned else { return }
    let strength = Double(unlabelled.places.count) / (Double(unlabelled.places.count) + options.priorPhotos)
    for index in run.points.indices {
      run.align(index, on: unlabelled, to: reference.all[index], strength)
      progress(index + 1, run.points.count)
    }
    run.model.seal()
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
