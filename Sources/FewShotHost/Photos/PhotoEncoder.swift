import FewShot
public import HostRuntime
public import ImageFiles
public import TinyNN

/// Why an encoder cannot embed photos, or not this one.
public enum PhotoEncoderError: Error, Equatable, Sendable {
  /// The model file's preprocessing is malformed.
  case model(ModelError)
  /// The model file does not say how photos become its input.
  case noPreprocessing
  /// No photo can become its input: why, and what to do.
  case unsuitableInput(String)
  /// The network takes several photos at a time; [batch].
  case batch(Int)
  case preprocessing(PreprocessingError)
  /// The embedding has NaN or infinite values, as networks with such weights give.
  case notFinite
}

/// Embeds photos: preprocessing and network of one encoder, photo by photo in the same memory.
public final class PhotoEncoder {
  public let runner: ModelRunner
  public let preprocessing: Preprocessing
  /// Values of an embedding.
  public let dimension: Int
  /// Grows for photos that a decoder cannot reduce.
  private var scratch: AlignedMemory

  public init(_ runner: ModelRunner) throws(PhotoEncoderError) {
    self.runner = runner
    let model = runner.model
    do {
      guard let found = try model.preprocessing() else {
        throw model.reasonAgainstPhotos.map(PhotoEncoderError.unsuitableInput) ?? .noPreprocessing
      }
      preprocessing = found
      scratch = try AlignedMemory(arena: found.scratchByteCount(decodedShortSide: 2 * found.decodedShortSide))
    } catch let error as ModelError {
      throw .model(error)
    } catch let error as PreprocessingError {
      throw .preprocessing(error)
    } catch let error as PhotoEncoderError {
      throw error
    } catch {
      throw .noPreprocessing
    }
    let output = model.tensor(model.output(0)).type.shape
    guard output.rank < 2 || output[0] == 1 else { throw .batch(output[0]) }
    dimension = output.count
  }

  /// Opens the encoder, or the task file, at `path`.
  /// - Throws: `FileError`, `ModelError` or `PhotoEncoderError`.
  public convenience init(_ path: String, threads: Int = 1) throws {
    try self.init(ModelRunner(file: MappedFile(path), threads: threads))
  }

  /// How photos are best decoded for this encoder.
  public var decodingOptions: ImageDecodingOptions { ImageDecodingOptions(minimumShortSide: preprocessing.decodedShortSide) }

  /// Bytes known before any photo is seen: the network's arena and the scratch memory of preprocessing.
  public var plannedByteCount: Int { runner.plan.arenaByteCount + scratch.bytes.count }

  /// The embedding of a photo, as the network gives it.
  public func embed(_ image: RGBImage) throws(PhotoEncoderError) -> [Float] {
    do { try load(image) } catch { throw .preprocessing(error) }
    runner.session.run()
    let output = runner.session.output().floats
    let embedding = (0..<output.count).map { output[$0] }
    guard embedding.allSatisfy(\.isFinite) else { throw .notFinite }
    return embedding
  }

  /// What the network takes for a photo, in the layout of its input, as real numbers.
  public func networkInput(_ image: RGBImage) throws(PhotoEncoderError) -> [Float] {
    do { try load(image) } catch { throw .preprocessing(error) }
    let input = runner.session.input()
    return (0..<input.shape.count).map(input.value(at:))
  }

  /// The embedding of what `networkInput` gave, as the network gives it.
  public func embedding(ofInput input: [Float]) throws(PhotoEncoderError) -> [Float] {
    input.withUnsafeBufferPointer { values in
      // Read only, during this call.
      runner.session.setInput(Elements(UnsafeMutableRawPointer(mutating: values.baseAddress!), count: values.count))
    }
    runner.session.run()
    let output = runner.session.output().floats
    let embedding = (0..<output.count).map { output[$0] }
    guard embedding.allSatisfy(\.isFinite) else { throw .notFinite }
    return embedding
  }

  private func load(_ image: RGBImage) throws(PreprocessingError) {
    let size = try PhotoSize(height: image.fullHeight, width: image.fullWidth, reduction: image.reduction)
    let needed = try preprocessing.scratchByteCount(photo: size)
    // Without memory the session refuses what there is.
    if needed > scratch.bytes.count, AvailableMemory.has(needed) { scratch = AlignedMemory(byteCount: needed) }
    // The scratch memory is this object's alone while it is lent.
    let buffer = scratch.buffer
    var lent = MutableRawSpan(_unsafeBytes: buffer)
    try runner.session.load(
      pixels: image.pixels.span, photo: size, rowStride: image.rowStride, preprocessing: preprocessing, scratch: &lent)
  }
}
