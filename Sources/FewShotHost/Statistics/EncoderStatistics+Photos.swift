import FewShot
import HostRuntime
import TinyNN

extension EncoderStatistics {
  /// Of all photos that can be read and tell something: see `PhotoSource.forEachTelling`.
  public init(of photos: [String], _ source: PhotoSource, _ activity: WorkEvent.Activity) throws(PhotoError) {
    var gathered = EncoderStatistics(dimension: source.encoder.dimension)
    try source.forEachTelling(photos, activity) { photo, input throws(PhotoError) in
      gathered.add(try source.embedding(ofInput: input, photo))
    }
    self = gathered
  }
}

extension ScaleTable {
  /// More photos of a class, or more classes, change nothing that matters.
  private static let photoLimit = 40, classLimit = 100

  /// Folders with enough photos for the table.
  public static func usable(_ classes: [PhotoFolder]) -> [PhotoFolder] { classes.filter { $0.photos.count >= photoMinimum } }

  /// By photos of some classes, each with at least `photoMinimum`; nil where too few can be read. `statistics` are the encoder's,
  /// as its file will have them.
  /// - Throws: `PhotoError` or `ModelError`.
  public init?(of classes: [PhotoFolder], _ source: PhotoSource, _ statistics: EncoderStatistics) throws {
    let chosen = classes.evenlySpread(atMost: ScaleTable.classLimit).map {
      PhotoFolder(name: $0.name, photos: Array($0.photos.prefix(ScaleTable.photoLimit)))
    }
    var rows = DatasetRows(chosen)
    try source.forEach(
      in: chosen, copies: .all, .classes,
      extract: { _, image throws(PhotoEncoderError) in try source.encoder.embed(image) }
    ) { rows.add($1, label: $0.label) }
    let dataset = rows.dataset(dimension: source.encoder.dimension)
    let encoder = AlignedMemory(copying: statistics.file(of: source.model))
    let table = try withExtendedLifetime(encoder) {
      ScaleTable(dataset, statistics: try StatisticsView.of(Model(validating: encoder.bytes)))
    }
    guard let table else { return nil }
    self = table
  }
}
