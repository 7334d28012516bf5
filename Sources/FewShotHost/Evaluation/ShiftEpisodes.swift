import FewShot
import HostRuntime
public import TinyNN

/// Episodes whose queries come from another camera than the labelled photos.
public struct ShiftResult: Sendable {
  /// Queries as the labelled photos' camera sees them; through the other camera; through it with the aligned encoder.
  public internal(set) var unshifted: [Double] = []
  public internal(set) var frozen: [Double] = []
  public internal(set) var aligned: [Double] = []
  /// Shift as a multiple of the largest class shift, and in how many episodes it was large enough.
  public internal(set) var shifts: [Double] = []
  public internal(set) var alignedCount = 0

  public var gain: EpisodeResult { EpisodeResult(accuracies: aligned).minus(EpisodeResult(accuracies: frozen)) }
}

/// Which photos without labels an episode gets.
public struct UnlabelledDraw: Equatable, Sendable {
  /// Photos of each class, at most.
  public var perClass = 25
  /// From how many of the episode's classes they come: fewer make them imbalanced.
  public var classes = 5
  public init() {}
}

extension Episodes {
  /// Photos of the episode's classes that are neither support nor queries.
  func unlabelled(_ draw: Draw, _ options: UnlabelledDraw) -> [Int] {
    let used = Set(draw.support).union(draw.queries.map(\.row))
    var rows: [Int] = []
    for label in 0..<min(options.classes, self.options.ways) {
      guard let range = dataset.ranges.first(where: { $0.contains(draw.support[label * self.options.shots]) }) else { continue }
      rows += range.filter { !used.contains($0) }.prefix(options.perClass)
    }
    return rows
  }

  /// Prototypes of clean photos classify shifted ones, with and without alignment. Row r of the dataset is place r of both caches,
  /// which hold inputs of `model`.
  public func runShift(
    _ model: Model, clean: TensorCache, shifted: TensorCache, _ which: UnlabelledDraw, _ alignment: CameraAlignmentOptions,
    progress: (Int) -> Void = { _ in }
  ) throws -> ShiftResult {
    var result = ShiftResult()
    let dimension = dataset.dimension
    let original = try InputEmbedder(AlignedMemory(copyingFile: model.bytes))
    let alignment = ShiftedPhotos.Alignment(clean: clean, shifted: shifted, options: alignment)
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      let labels = draw.queries.map(\.label), queries = draw.queries.map(\.row), others = unlabelled(draw, which)
      let prototypes = prototypes(original.embeddings(clean, draw.support))
      func accuracy(_ embedder: InputEmbedder, _ cache: TensorCache) -> Double {
        let right = NearestPrototype.rightCount(embedder.embeddings(cache, queries), labels, prototypes, dimension: dimension)
        return 100 * Double(right) / Double(queries.count)
      }
      let found = try EpisodeAlignment(original, alignment, self, draw, others)
      result.unshifted.append(accuracy(original, clean))
      result.frozen.append(accuracy(original, shifted))
      result.aligned.append(found.encoder.map { accuracy($0, shifted) } ?? result.frozen[episode])
      result.shifts.append(found.shift)
      result.alignedCount += found.encoder == nil ? 0 : 1
      progress(episode + 1)
    }
    return result
  }
}
