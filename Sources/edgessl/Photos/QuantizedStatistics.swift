import FewShot
import FewShotHost
import HostRuntime
import ModelCompiler
import TinyNN

/// What an int8 encoder says of embeddings of any photos.
///
/// They should come from the int8 network, and from the photos that the float32 statistics came from: these are of anything,
/// and calibration photos often show what will be learned, which is no background. So they are made anew from `--background`,
/// or from the calibration photos where these are the ones behind the float32 statistics, and otherwise stay as they are. The
/// background embeddings become int8.
struct QuantizedStatistics {
  enum Origin: String {
    case calibration, background, float32

    var explanation: String {
      switch self {
      case .calibration: "made anew from the calibration photos, from which the float32 model has its own"
      case .background: "made anew from the background photos"
      case .float32: "as the float32 network had them: the photos behind them are not here; name them with --background DIR"
      }
    }
  }

  private(set) var section: [UInt8]?
  /// Nil if there are none.
  private(set) var origin: Origin?

  /// - Parameters:
  ///   - int8: the file of the int8 network, with preprocessing.
  ///   - calibration: the folder and its photos that tell something; nil if a photo of it cannot be read.
  ///   - classes: photos for the table of scales, else that of the float32 network stays.
  init(
    of encoder: ModelRunner, int8: [UInt8], model: String, background: String?, calibration: (folder: String, telling: Int)?,
    classes: String?
  ) throws {
    let stored: StatisticsView?
    do { stored = try StatisticsView.of(encoder.model) } catch { throw Failure(error, in: model) }
    let kept = stored.flatMap { ScaleTable($0) }
    /// Nil where too few photos tell something.
    func made(_ encoder: ModelRunner, _ photos: [String], classes: String?) throws -> [UInt8]? {
      do {
        let source = try PhotoSource(PhotoEncoder(encoder), observer: console(model))
        var gathered = try EncoderStatistics(of: photos, source, .statistics)
        guard source.skipped.count < photos.count else {
          throw Failure(.missingInput, "\(background ?? model): no photos that can be read; name a folder of photos")
        }
        guard gathered.photoCount >= EncoderStatistics.photoMinimum else {
          if let background { warn("\(tooFewForStatistics(gathered.photoCount, in: background)) are not made of them") }
          return nil
        }
        gathered.scales = try classes.flatMap { try ScaleTablePhotos(classes: $0, statistics: $0).table(source, gathered) } ?? kept
        return gathered.section
      } catch { throw Failure(error, in: model) }
    }
    func compact(_ section: [UInt8]) throws(ModelError) -> [UInt8] {
      try EncoderStatistics.compact(section, dimension: encoder.model.embeddingDimension)
    }
    if let background {
      let photos: [String]
      do { photos = try PhotoFolder.allPhotos(below: background) } catch { throw ClassFolders.failure(error) }
      if let made = try made(ModelRunner(bytes: int8, threads: encoder.plan.threads), photos, classes: classes) {
        (section, origin) = (try compact(made), .background)
        return
      }
    }
    guard let stored else { return }
    let bytes = FileWriter.bytes(of: .statistics, in: encoder.model)
    if let calibration, let photos = try? PhotoFolder.allPhotos(below: calibration.folder),
      stored.photoCount == photos.count || stored.photoCount == calibration.telling,
      try made(encoder, photos, classes: nil) == bytes,
      let made = try made(ModelRunner(bytes: int8, threads: encoder.plan.threads), photos, classes: classes)
    {
      (section, origin) = (try compact(made), .calibration)
    } else {
      (section, origin) = (try compact(bytes), .float32)
    }
  }
}

/// The start of a warning about statistics of photos; what becomes of them follows.
func tooFewForStatistics(_ count: Int, in folder: String) -> String {
  """
  \(folder): \(count) different photos with content are too few for statistics, which take \
  \(EncoderStatistics.photoMinimum): they
  """
}
