import FewShot
import Glibc
import HostRuntime
import TinyNN

/// What is known of photos without labels, in files of their own, so that 100,000 of them take little memory: names, and a few
/// words for each.
public final class PhotoPool {
  /// Values of an embedding.
  public let dimension: Int
  /// Of the photos that were taken, in the order in which they were read.
  public private(set) var photos: [String] = []
  /// How sure the task is of each; empty without a task.
  private(set) var doubts: [Doubt] = []
  /// Photos that the task learned from.
  public private(set) var labelledPhotos = 0
  /// Photos that could not be read.
  public internal(set) var skipped: [String] = []
  /// How many photos had no content, or were copies of others.
  public internal(set) var empty = 0
  public internal(set) var copies = 0
  private let rows: ScratchFile
  /// The pictures by which copies are found.
  private let blocks: ScratchFile
  private var byMean: [Int: [Int32]] = [:]
  private var means: [Float] = []
  private let labelled: [LearnedExample]
  private let capacity: Int

  /// Room for `capacity` photos and `labelled` embeddings behind them.
  /// - Parameter folder: where the files are, as long as this object lives.
  init(capacity: Int, labelled: [LearnedExample], dimension: Int, in folder: String) throws(FileError) {
    self.dimension = dimension
    self.capacity = capacity
    rows = try ScratchFile(byteCount: max(1, 4 * (capacity + labelled.count) * dimension), in: folder)
    blocks = try ScratchFile(byteCount: max(1, capacity * PhotoContent.byteCount), in: folder)
    self.labelled = labelled
  }

  /// Adds a photo that shows something and is no copy of another one, by its embedding as the encoder gave it.
  func add(_ photo: String, _ embedding: [Float], doubt: Doubt?) {
    precondition(photos.count < capacity && embedding.count == dimension)
    let row = rows.floats.slice(photos.count * dimension, dimension)
    for column in 0..<dimension { row[column] = embedding[column] }
    _ = row.normalize()
    photos.append(photo)
    if let doubt { doubts.append(doubt) }
  }

  func countLabelled() { labelledPhotos += 1 }

  /// The photo that was met before and looks the same; nil for a new one, which is remembered as the next photo.
  func original(of content: PhotoContent) -> String? {
    let place = Int(content.mean)
    for near in place - 2...place + 2 {
      for index in byMean[near] ?? [] where content.isSame(mean: means[Int(index)], blocks: picture(Int(index))) {
        return photos[Int(index)]
      }
    }
    byMean[place, default: []].append(Int32(means.count))
    means.append(content.mean)
    content.blocks.withUnsafeBytes { UnsafeMutableRawBufferPointer(mutating: picture(means.count - 1)).copyBytes(from: $0) }
    return nil
  }

  private func picture(_ index: Int) -> UnsafeRawBufferPointer {
    // Inside the file: there are at most `capacity` pictures.
    UnsafeRawBufferPointer(rebasing: blocks.buffer[index * PhotoContent.byteCount..<(index + 1) * PhotoContent.byteCount])
  }

  /// The photos' embeddings, then those of the labelled ones, each of length 1; valid as long as this object.
  func points() -> EmbeddingMatrix {
    for (index, example) in labelled.enumerated() {
      let row = rows.floats.slice((photos.count + index) * dimension, dimension)
      for column in 0..<dimension { row[column] = example.embedding[column] }
    }
    return rows.floats.matrix(photos.count + labelled.count, dimension)
  }
}

/// How unsure a task is of a photo.
public struct Doubt: Equatable, Sendable {
  /// The likeliest classes.
  public let first: Int
  public let second: Int
  /// The difference of their probabilities.
  public let margin: Float
  public let isUnknown: Bool

  /// From 0, sure, to 1.
  public var amount: Float { isUnknown ? 1 : 1 - margin }
}
