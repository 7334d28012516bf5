import FewShot
import Glibc
public import HostRuntime
import ModelCompiler
public import TinyNN

/// What an adaptation is made of: a checkpoint belongs to exactly this.
public struct AdaptationIdentity: Equatable, Sendable {
  var model: UInt64
  var photos: UInt64
  var options: UInt64

  /// - Parameters:
  ///   - model: the encoder before training.
  ///   - plan: how its tail trains.
  ///   - classes: their names.
  ///   - photos: classes and identifiers of the labelled photos, in the order in which they were read.
  ///   - unlabelled: identifiers of the others that train.
  public init(
    _ model: Model, _ plan: AdaptationPlan, classes: [String], photos: [(label: Int, identifier: UInt64)], unlabelled: [UInt64]
  ) {
    self.model = Checksum.of(model.bytes)
    var bytes: [UInt8] = []
    for name in classes { bytes.append(contentsOf: Array(name.utf8) + [0]) }
    for photo in photos {
      bytes.append(word: UInt32(photo.label))
      bytes.append(word: photo.identifier)
    }
    bytes.append(word: UInt32(photos.count))
    for identifier in unlabelled { bytes.append(word: identifier) }
    self.photos = bytes.withUnsafeBytes { Checksum.of(ByteRegion($0)) }
    options = plan.identifyingBytes.withUnsafeBytes { Checksum.of(ByteRegion($0)) }
  }
}

/// Why an adaptation cannot go on from a checkpoint.
public enum AdaptationCheckpointError: Error, Equatable, Sendable {
  case damaged
  /// It is another encoder's, another set of photos', or was planned otherwise.
  case otherModel, otherPhotos, otherOptions
}

/// Keeps the state of an adaptation in a file, so that one that was stopped goes on with the same bits: the held-out cosines of
/// the trainings that are done, and the weights, the optimizer's state, the objectives' memory and the losses of the one under way.
/// What is drawn at random follows from the seed and the step.
///
///     0 magic | 8 checksum of 16 to the state | 16 version, finished trainings | 24 model | 32 photos | 40 options | 48 step
///     56 optimizer's steps | 64, 72 its decays | 80 checksum of the state | 88 values of each finished training | the values | the
///     state
public final class AdaptationCheckpoint {
  public let path: String
  /// The last attempt to write that failed.
  public private(set) var failure: FileError?
  private let identity: AdaptationIdentity
  private let interval: Int
  private var lastWrite: Int
  private var finished: [[Float]] = []
  private var nextFinishedIndex = 0
  /// The state that the file had, until it is taken over.
  private var saved: (file: MappedFile, offset: Int, step: Int, progress: OptimizerProgress)?

  /// The first eight bytes of the file, little endian.
  public static let magic: UInt64 = 0x0A1A_0A0D_5043_4189
  private static let version: UInt32 = 3
  private static let headerByteCount = 88

  /// - Parameters:
  ///   - path: of the file.
  ///   - identity: what the file belongs to.
  ///   - tail: has the state that is kept.
  ///   - interval: seconds between writes; 0 writes after every step.
  ///   - resumes: reads the file at `path`, if there is one.
  public init(
    path: String, _ identity: AdaptationIdentity, of tail: TailTrainer, interval: Double, resumes: Bool
  ) throws(AdaptationCheckpointError) {
    self.path = path
    self.identity = identity
    self.interval = Int(interval * 1e9)
    lastWrite = monotonicNanoseconds()
    // An empty file is a damaged one; what cannot be opened is not there.
    guard resumes, access(path, F_OK) == 0 else { return }
    guard let file = try? MappedFile(path) else { throw .damaged }
    try read(file, stateCounts: tail.state.map(\.count))
  }

  /// Whether something was read that saves work.
  public var hasResumed: Bool { saved != nil || !finished.isEmpty }

  /// Trainings that were finished, and the steps done of the next one.
  public var position: (trainings: Int, step: Int) { (finished.count, saved?.step ?? 0) }

  private func read(_ file: MappedFile, stateCounts: [Int]) throws(AdaptationCheckpointError) {
    let bytes = file.bytes
    var offset = AdaptationCheckpoint.headerByteCount
    guard bytes.count >= offset, bytes.load(UInt64.self, at: 0) == AdaptationCheckpoint.magic,
      bytes.word(16) == AdaptationCheckpoint.version, bytes.contains(offset, 4 * bytes.index(20))
    else { throw .damaged }
    let counts = (0..<bytes.index(20)).map { bytes.index(offset + 4 * $0) }
    offset += 4 * counts.count
    let starts = offset
    for count in counts {
      guard bytes.contains(offset, 4 * count) else { throw .damaged }
      offset += 4 * count
    }
    guard bytes.load(UInt64.self, at: 8) == Checksum.of(bytes.slice(16, offset - 16)) else { throw .damaged }
    guard bytes.load(UInt64.self, at: 24) == identity.model else { throw .otherModel }
    guard bytes.load(UInt64.self, at: 32) == identity.photos else { throw .otherPhotos }
    guard bytes.load(UInt64.self, at: 40) == identity.options else { throw .otherOptions }
    let step = bytes.index(48), state = step == 0 ? [] : stateCounts
    guard bytes.count == offset + state.reduce(0, +) else { throw .damaged }
    var (checksum, place) = (UInt64(0), offset)
    for count in state {
      checksum = Checksum.of(bytes.slice(place, count), seed: checksum)
      place += count
    }
    guard bytes.load(UInt64.self, at: 80) == checksum else { throw .damaged }
    var start = starts
    for count in counts {
      finished.append((0..<count).map { bytes.load(Float.self, at: start + 4 * $0) })
      start += 4 * count
    }
    guard step > 0 else { return }
    var progress = OptimizerProgress()
    progress.stepCount = bytes.index(56)
    (progress.firstDecay, progress.secondDecay) = (bytes.load(Double.self, at: 64), bytes.load(Double.self, at: 72))
    saved = (file, offset, step, progress)
  }

  /// The held-out cosines of the next training if it was finished before, nil if it has to run.
  func nextFinished() -> [Float]? {
    guard nextFinishedIndex < finished.count else { return nil }
    nextFinishedIndex += 1
    return finished[nextFinishedIndex - 1]
  }

  /// The training under way has these held-out cosines.
  func finish(_ cosines: [Float]) {
    finished.append(cosines)
    nextFinishedIndex = finished.count
    if isDue { write(step: 0, OptimizerProgress(), []) }
  }

  /// Gives the training that begins the state that it had, and returns the steps that are done.
  func restore(_ tail: TailTrainer) -> Int {
    guard let saved, nextFinishedIndex == finished.count else { return 0 }
    self.saved = nil
    withExtendedLifetime(saved.file) {
      var offset = saved.offset
      for piece in tail.state {
        // The sizes were compared when the file was read.
        memcpy(piece.baseAddress!, saved.file.bytes.slice(offset, piece.count).pointer, piece.count)
        offset += piece.count
      }
    }
    tail.trainer.session.progress = saved.progress
    return saved.step
  }

  func didStep(_ step: Int, of tail: TailTrainer) {
    if isDue { write(step: step, tail.trainer.session.progress, tail.state.map { UnsafeRawBufferPointer($0) }) }
  }

  private var isDue: Bool { monotonicNanoseconds() - lastWrite >= interval }

  private func write(step: Int, _ progress: OptimizerProgress, _ state: [UnsafeRawBufferPointer]) {
    var file: [UInt8] = []
    file.append(word: AdaptationCheckpoint.magic)
    file.append(word: UInt64(0))
    file.append(word: AdaptationCheckpoint.version)
    file.append(word: UInt32(finished.count))
    for word in [identity.model, identity.photos, identity.options, UInt64(step), UInt64(progress.stepCount)] {
      file.append(word: word)
    }
    for decay in [progress.firstDecay, progress.secondDecay] { file.append(word: decay.bitPattern) }
    file.append(word: state.reduce(0) { Checksum.of(ByteRegion($1), seed: $0) })
    for cosines in finished { file.append(word: UInt32(cosines.count)) }
    for value in finished.joined() { file.append(float: value) }
    file.store(file.withUnsafeBytes { Checksum.of(ByteRegion(UnsafeRawBufferPointer(rebasing: $0[16...]))) }, at: 8)
    do {
      try file.span.bytes.withUnsafeBytes { header throws(FileError) in try writeAtomically([header] + state, to: path) }
    } catch { failure = error }
    lastWrite = monotonicNanoseconds()
  }
}
