import FewShot
import FewShotHost
import HostRuntime

/// Photos as an encoder's network takes them.
struct CalibrationPhotos {
  /// In the layout of the network's input, of photos that tell something, each once.
  let inputs: [[Float]]
  /// Photos that could not be read.
  let skipped: [String]
  let folder: String
  /// Photos in the folder.
  let available: Int

  static let range = 1...512
  /// Fewer than these leave ranges to chance (PTQ4ViT: 32 are enough).
  static let advisedCount = 32
  /// Of one photo, ranges are those of that photo.
  static let leastCount = 2

  /// At most `limit` photos, evenly spread over the folder and the folders below it.
  init(folder: String, limit: Int, for encoder: ModelRunner, model path: String) throws {
    self.folder = folder
    let photos: [String]
    do { photos = try PhotoFolder.allPhotos(below: folder) } catch {
      throw Failure(
        .missingInput, "\(folder): no such folder of calibration photos; int8 needs photos like those that the camera will see")
    }
    available = photos.count
    guard !photos.isEmpty else {
      throw Failure(
        .missingInput,
        """
        \(folder): there are no photos in it; int8 needs at least \(CalibrationPhotos.advisedCount) photos like \
        those that the camera will see
        """
      )
    }
    let reader: PhotoEncoder
    do { reader = try PhotoEncoder(encoder) } catch {
      let reason =
        encoder.model.reasonAgainstPhotos ?? "it does not say how photos become its input; import it again with --mean and --std"
      throw Failure(.badData, "\(path): \(reason)")
    }
    let source = PhotoSource(reader, observer: console(path))
    var inputs: [[Float]] = []
    let telling: TellingPhotos
    do {
      telling = try source.forEachTelling(photos.evenlySpread(atMost: limit), .calibration) { inputs.append($1) }
    } catch { throw Failure(error, encoder: path) }
    self.inputs = inputs
    skipped = source.skipped
    guard telling.readable > 0 else {
      throw Failure(.badData, "\(folder): none of its \(photos.count) files is a photo that can be read")
    }
    guard inputs.count >= CalibrationPhotos.leastCount else {
      throw Failure(
        .badData,
        """
        \(folder): \(inputs.isEmpty ? "none of its photos has content" : "only 1 photo, however often it is there"): that says \
        nothing about ranges; int8 needs at least \(CalibrationPhotos.advisedCount) different photos like those that the camera \
        will see
        """
      )
    }
    if inputs.count < CalibrationPhotos.advisedCount {
      warn(
        """
        \(folder): only \(inputs.count) photos; ranges are more certain with \(CalibrationPhotos.advisedCount) to \
        \(CalibrationPhotos.range.upperBound)
        """
      )
    }
  }
}
