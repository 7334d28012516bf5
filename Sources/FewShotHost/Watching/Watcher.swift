import FewShot
public import HostRuntime
public import ImageFiles
import TinyNN

/// What is looked at, and how answers become a state.
public struct WatchOptions: Sendable {
  /// The part of a frame that is looked at; nil for all of it.
  public var crop: Crop?
  /// Only frames that differ from the last one that was answered.
  public var needsMotion = false
  /// Answers in a row that make a stable label.
  public var stable = 3

  public init() {}
}

/// What a task says of a frame.
public struct FrameAnswer: Sendable {
  public let classification: Classification
  /// The label that several answers in a row agreed on; nil before the first.
  public let stable: String?
  /// True where it is another one than before.
  public let isChange: Bool
  /// Why the frame was worth keeping, and where it is kept; nil where it was not.
  public let kept: (reason: UncertainFrames.Reason, path: String)?
}

/// Why a frame gets no answer.
public enum FrameError: Error, Sendable {
  /// A damaged one, which the next one follows.
  case image(ImageFileError)
  case encoder(PhotoEncoderError)
  /// The crop is not inside frames of this size.
  case crop(width: Int, height: Int)
}

/// Looks at frames one after the other with a task.
public final class Watcher {
  private let classifier: Classifier
  private let options: WatchOptions
  private let uncertain: UncertainFrames?
  private var stable: StableLabel
  private var motion = MotionGate()
  private var before: String?
  private var frameSize: (width: Int, height: Int)?
  /// Why the last frame that was worth keeping could not be written.
  public private(set) var keepingError: FileError?

  public init(_ classifier: Classifier, _ options: WatchOptions, keeping uncertain: UncertainFrames? = nil) {
    self.classifier = classifier
    self.options = options
    self.uncertain = uncertain
    stable = StableLabel(needed: options.stable)
  }

  /// - Parameter bytes: the frame's file.
  /// - Returns: nil where motion is needed and there is none.
  public func answer(_ bytes: [UInt8]) throws(FrameError) -> FrameAnswer? {
    let start = monotonicNanoseconds()
    let found = try classifier.withSession { session throws(FrameError) in try look(bytes, session) }
    guard let (image, embedding, answer) = found else { return nil }
    var classification = answer
    classification.milliseconds = Double(monotonicNanoseconds() - start) / 1e6
    let isChange = stable.add(answer.isUnknown ? nil : answer.label)
    let kept = keep(bytes, image, embedding, answer)
    before = answer.isUnknown ? StableLabel.unknown : answer.label
    return FrameAnswer(classification: classification, stable: stable.label, isChange: isChange, kept: kept)
  }

  private func look(
    _ bytes: [UInt8], _ session: ClassifierSession
  ) throws(FrameError) -> (image: RGBImage, embedding: [Float], answer: Classification)? {
    let encoder = session.encoder
    let image = try decoded(bytes, encoder)
    do {
      guard options.needsMotion else {
        let embedding = try encoder.embed(image)
        return (image, embedding, session.classify(embedding))
      }
      let input = try encoder.networkInput(image)
      guard motion.hasMoved(PhotoContent(input, encoder.preprocessing)) else { return nil }
      let embedding = try encoder.embedding(ofInput: input)
      return (image, embedding, session.classify(embedding))
    } catch { throw .encoder(error) }
  }

  /// The part of the frame that is looked at, decoded no finer than the network needs.
  private func decoded(_ bytes: [UInt8], _ encoder: PhotoEncoder) throws(FrameError) -> RGBImage {
    var decoding = encoder.decodingOptions
    if let crop = options.crop {
      let enlarged = Double(encoder.preprocessing.decodedShortSide) * crop.enlargement(frame: frameSize)
      decoding.minimumShortSide = enlarged.isFinite ? Int(enlarged.rounded(.up)) : nil
    }
    let image: RGBImage
    do { image = try RGBImage(decoding: bytes, name: "frame", options: decoding) } catch { throw .image(error) }
    frameSize = (image.fullWidth, image.fullHeight)
    guard let crop = options.crop else { return image }
    guard let part = crop.apply(image) else { throw .crop(width: image.fullWidth, height: image.fullHeight) }
    return part
  }

  private func keep(
    _ bytes: [UInt8], _ image: RGBImage, _ embedding: [Float], _ answer: Classification
  ) -> (reason: UncertainFrames.Reason, path: String)? {
    guard let uncertain, let reason = UncertainFrames.reason(answer, before: before) else { return nil }
    // What the task has seen is kept: the part that it looked at.
    let file = options.crop == nil ? bytes : image.png()
    do {
      let path = try uncertain.keep(file, embedding.normalized().values, reason, time: UTCTime.now.milliseconds)
      keepingError = nil
      return path.map { (reason, $0) }
    } catch {
      keepingError = error
      return nil
    }
  }
}
