import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// Photos of some classes on which the confidence of answers from one or two photos is fitted.
struct ScaleTablePhotos {
  /// More photos of a class, or more classes, change nothing that matters.
  private static let photoLimit = 40, classLimit = 100
  let folder: String
  let isRequired: Bool

  /// The named folder, else that of the statistics, whose folders may be classes.
  init(classes: String?, statistics: String) {
    folder = classes ?? statistics
    isRequired = classes != nil
  }

  /// Nil where the folder has too few classes and was not named for this.
  func table(_ reader: PhotoReader, _ statistics: EncoderStatistics) throws -> ScaleTable? {
    let all: [PhotoFolder]
    do { all = try PhotoFolder.classes(in: folder) } catch { throw ClassFolders.failure(error) }
    let classes = all.filter { $0.photos.count >= ScaleTable.photoMinimum }
    guard classes.count >= ScaleTable.ways else {
      guard isRequired else { return nil }
      throw Failure(
        .badData,
        "\(folder): has \(classes.count) folders with at least \(ScaleTable.photoMinimum) photos; --classes needs \(ScaleTable.ways), one for each class"
      )
    }
    let count = min(classes.count, ScaleTablePhotos.classLimit)
    var dataset = EmbeddedDataset(dimension: reader.encoder.dimension)
    var progress = Progress("Classes", total: count)
    for index in 0..<count {
      let folder = classes[index * classes.count / count]
      var embeddings: [[Float]] = []
      for photo in folder.photos.prefix(ScaleTablePhotos.photoLimit) {
        if let embedding = try reader.embedding(of: photo, strict: false) { embeddings.append(embedding) }
      }
      dataset.add(folder.name, embeddings)
      progress.update(done: index + 1)
    }
    progress.finish()
    let encoder = AlignedMemory(copying: statistics.file(of: reader.model))
    do {
      let model = try Model(validating: encoder.bytes)
      return try withExtendedLifetime(encoder) { ScaleTable(dataset, statistics: try StatisticsView.of(model)) }
    } catch { throw Failure(error as! ModelError, in: reader.path) }
  }
}

extension ScaleTable {
  /// By photos of a class and head; null for heads that the encoder cannot have.
  var json: JSON {
    .array(scales.map { row in .object(zip(HeadMethod.allCases, row).map { ("\($0)", $1 > 0 ? .float($1) : .null) }) })
  }
}
