import HostRuntime

/// What photos without labels did for the encoder.
public struct CameraOutcome {
  /// Why the encoder is as it is.
  public enum Verdict: String, Sendable {
    case aligned
    /// Fewer photos than `CameraAlignmentOptions.photoMinimum` tell something.
    case tooFewPhotos
    /// The photos differ from the labelled ones by no more than the classes do among themselves.
    case noShift
    /// The aligned encoder no longer tells left-out labelled photos apart.
    case refused
  }

  /// Photos that were measured.
  public let photos: Int
  /// As in `CameraAlignment`; 0 where there were too few photos to measure.
  public private(set) var shift = 0.0
  public private(set) var classShift = 0.0
  public private(set) var verdict: Verdict
  /// Of an alignment that was made, taken or not.
  public private(set) var gate: AlignmentGate?
  /// The aligned encoder and what it sees in the labelled photos, until the task is made of them.
  private(set) var file: AlignedMemory?
  private(set) var aligned: Knowledge?

  public var isAligned: Bool { verdict == .aligned }

  init(tooFew photos: Int) {
    self.photos = photos
    verdict = .tooFewPhotos
  }

  init(_ alignment: CameraAlignment, photos: Int) {
    self.photos = photos
    shift = alignment.shift
    classShift = alignment.classShift
    verdict = alignment.isAligned ? .aligned : .noShift
    file = alignment.isAligned ? alignment.file : nil
  }

  /// - Parameter aligned: the labelled photos as the aligned encoder sees them.
  mutating func judge(by gate: AlignmentGate, _ aligned: Knowledge) {
    self.gate = gate
    self.aligned = aligned
    guard !gate.isPassed else { return }
    verdict = .refused
    drop()
  }

  /// Gives the memory of the aligned encoder back.
  mutating func drop() {
    file = nil
    aligned = nil
  }
}
