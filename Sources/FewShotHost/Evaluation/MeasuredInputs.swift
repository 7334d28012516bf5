import FewShot
import HostRuntime
import TinyNN

/// What is read of a data set before episodes in which a tail trains or an encoder is aligned.
public struct MeasuredInputs {
  public let embedded: EmbeddedDataset
  /// The cut tensors of row r and its views start at place r * `AdaptationPlan.placesPerPhoto`.
  public let cache: TensorCache
  /// Of the same photos through another camera.
  public let shifted: ShiftedPhotos?

  /// How photos look through another camera.
  public struct OtherCamera {
    let shift: CameraShift
    let seed: UInt64
    /// How the encoder is aligned with it; nil where it stays as it is.
    let alignment: CameraAlignmentOptions?

    public init(_ shift: CameraShift, seed: UInt64, alignment: CameraAlignmentOptions?) {
      self.shift = shift
      self.seed = seed
      self.alignment = alignment
    }
  }

  /// Runs all photos through the trunk of `plan`'s tail; with a camera, once as they are and once through it.
  public init(
    _ classes: [PhotoFolder], _ source: PhotoSource, _ plan: AdaptationPlan, through camera: OtherCamera?
  ) throws(PhotoError) {
    let encoder = source.encoder, places = plan.placesPerPhoto
    let count = classes.reduce(0) { $0 + $1.photos.count }, kept = camera?.alignment == nil ? 0 : count
    let trunk = TrunkRunner(encoder, plan, cutTensor: plan.cutTensor)
    let cache = TensorCache(
      count: count * places * (camera == nil ? 1 : 2), entryCount: plan.training.cutCount,
      map: source.model.tensor(plan.cutTensor).quantization)
    let clean = TensorCache(count: kept, entryCount: encoder.preprocessing.outputCount, map: nil)
    let through = TensorCache(count: kept, entryCount: encoder.preprocessing.outputCount, map: nil)
    var own = DatasetRows(classes), other = DatasetRows(classes)
    try source.forEach(
      in: classes, copies: .all, .embedding,
      extract: { _, image throws(PhotoEncoderError) in
        let input = try encoder.networkInput(image)
        return (input: input, embedding: try encoder.embedding(ofInput: input))
      }
    ) { (photo: SourcePhoto, found: (input: [Float], embedding: [Float])) throws(PhotoError) in
      let row = own.count
      trunk.add(found.input, identifier: UInt64(row), to: cache, at: row * places)
      own.add(found.embedding, label: photo.label)
      guard let camera else { return }
      let view = camera.shift.apply(found.input, encoder.preprocessing, row: row, seed: camera.seed)
      trunk.add(view, identifier: UInt64(row), to: cache, at: (count + row) * places)
      do throws(PhotoEncoderError) { other.add(try encoder.embedding(ofInput: view), label: photo.label) } catch {
        throw .encoder(error, photo: photo.path)
      }
      guard camera.alignment != nil else { return }
      clean.store(found.input, at: row)
      through.store(view, at: row)
    }
    self.cache = cache
    embedded = own.dataset(dimension: encoder.dimension)
    shifted = camera.map { camera in
      ShiftedPhotos(
        embedded: other.dataset(dimension: encoder.dimension), firstPlace: count * places,
        alignment: camera.alignment.map { ShiftedPhotos.Alignment(clean: clean, shifted: through, options: $0) })
    }
  }
}

/// What the network takes for a data set's photos as they are and through another camera, both as int8: row r is place r.
public struct ShiftedInputs {
  public let embedded: EmbeddedDataset
  public let clean: TensorCache
  public let shifted: TensorCache

  /// - Parameters:
  ///   - classes: at least one.
  ///   - source: reads and embeds the photos.
  ///   - camera: nil leaves the photos as they are.
  ///   - seed: of the camera's noise.
  public init(
    _ classes: [PhotoFolder], _ source: PhotoSource, through camera: CameraShift?, seed: UInt64
  ) throws(PhotoError) {
    let encoder = source.encoder, count = classes.reduce(0) { $0 + $1.photos.count }
    let clean = TensorCache(count: count, entryCount: encoder.preprocessing.outputCount, map: nil)
    let shifted = TensorCache(count: count, entryCount: encoder.preprocessing.outputCount, map: nil)
    var rows = DatasetRows(classes)
    try source.forEach(
      in: classes, copies: .all, .reading,
      extract: { _, image throws(PhotoEncoderError) in
        let input = try encoder.networkInput(image)
        return (input: input, embedding: try encoder.embedding(ofInput: input))
      }
    ) { photo, found in
      let row = rows.count
      clean.store(found.input, at: row)
      shifted.store(camera?.apply(found.input, encoder.preprocessing, row: row, seed: seed) ?? found.input, at: row)
      rows.add(found.embedding, label: photo.label)
    }
    self.clean = clean
    self.shifted = shifted
    embedded = rows.dataset(dimension: encoder.dimension)
  }
}

/// Embeddings by class while a data set is read.
struct DatasetRows {
  private let names: [String]
  private var rows: [[[Float]]]
  private(set) var count = 0

  init(_ classes: [PhotoFolder]) {
    names = classes.map(\.name)
    rows = classes.map { _ in [] }
  }

  mutating func add(_ embedding: [Float], label: Int) {
    rows[label].append(embedding)
    count += 1
  }

  func dataset(dimension: Int) -> EmbeddedDataset {
    var dataset = EmbeddedDataset(dimension: dimension, photos: count)
    for (name, rows) in zip(names, rows) { dataset.add(name, rows) }
    return dataset
  }
}
