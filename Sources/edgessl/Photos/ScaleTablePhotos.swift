import FewShot
import FewShotHost
import HostRuntime

/// Photos of some classes on which the confidence of answers from one or two photos is fitted.
struct ScaleTablePhotos {
  let folder: String
  let isRequired: Bool

  /// The named folder, else that of the statistics, whose folders may be classes.
  init(classes: String?, statistics: String) {
    folder = classes ?? statistics
    isRequired = classes != nil
  }

  /// Nil where the folder has too few classes and was not named for this.
  func table(_ source: PhotoSource, _ statistics: EncoderStatistics) throws -> ScaleTable? {
    let all: [PhotoFolder]
    do {
      all = try PhotoFolder.classes(in: folder)
      // What lies elsewhere in a folder that was named for its photos has been read with them.
      if isRequired { try ClassFolders.report(PhotoFolder.unclaimed(besideClassesIn: folder), isStrict: false) }
    } catch let error as FileError { throw ClassFolders.failure(error) }
    let classes = ScaleTable.usable(all)
    guard classes.count >= ScaleTable.ways else {
      guard isRequired else { return nil }
      throw Failure(
        .badData,
        """
        \(folder): has \(classes.count) folders with at least \(ScaleTable.photoMinimum) photos; --classes needs \
        \(ScaleTable.ways), one for each class
        """
      )
    }
    return try ScaleTable(of: classes, source, statistics)
  }
}

extension ScaleTable {
  /// By photos of a class and head; null for heads that the encoder cannot have.
  var json: JSON {
    .array(scales.map { row in .object(zip(HeadMethod.allCases, row).map { ("\($0)", $1 > 0 ? .float($1) : .null) }) })
  }
}
