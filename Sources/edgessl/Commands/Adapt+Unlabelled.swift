import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// The photos of a folder without labels, evenly spread where they are many.
struct UnlabelledFolder {
  /// More say little more about a camera.
  static let photoLimit = 256
  let path: String
  let photos: [String]
  let available: Int

  init(_ path: String) throws(Failure) {
    self.path = path
    let all: [String]
    do { all = try PhotoFolder.allPhotos(below: path) } catch { throw ClassFolders.failure(error) }
    guard !all.isEmpty else {
      throw Failure(.missingInput, "\(path): there are no photos in it; --unlabelled takes photos that the device's camera took")
    }
    available = all.count
    let count = min(all.count, UnlabelledFolder.photoLimit)
    photos = (0..<count).map { all[$0 * all.count / count] }
  }

  /// Calls `body` with what the network takes for each photo, each photo once.
  func read(_ reader: PhotoReader, strict: Bool, _ body: (_ input: [Float], _ identifier: UInt64) -> Void) throws(Failure) {
    var progress = Progress("Reading photos without labels", total: photos.count)
    defer { progress.finish() }
    var seen: Set<UInt64> = []
    for (index, photo) in photos.enumerated() {
      if let input = try reader.networkInput(of: photo, strict: strict) {
        let identifier: UInt64
        do { identifier = try PhotoIdentifier.of(photo) } catch { throw error.failure }
        if seen.insert(identifier).inserted { body(input, identifier) }
      }
      progress.update(done: index + 1)
    }
    guard !seen.isEmpty else { throw Failure(.badData, "\(path): none of its \(photos.count) files is a photo that can be read") }
  }
}

/// What photos without labels did for the encoder.
struct CameraOutcome {
  let photos: Int
  let alignment: CameraAlignment

  var text: String {
    let shift =
      "\(photos) photos without labels: shift \(decimal(alignment.shift, digits: 3)) from the labelled ones, whose classes differ by up to \(decimal(alignment.classShift, digits: 3))"
    return alignment.isAligned ? "\(shift): the encoder is aligned with their camera" : "\(shift): the encoder stays as it is"
  }

  var fields: [(name: String, value: JSON)] {
    [
      (
        "camera",
        [
          "photos": .integer(photos), "shift": .number(alignment.shift), "classShift": .number(alignment.classShift),
          "aligned": .bool(alignment.isAligned),
        ]
      )
    ]
  }
}

extension Adapt {
  /// Bytes of the alignment besides the encoder's, with all inputs as int8.
  func plannedByteCount(alignmentOf reader: PhotoReader, _ classes: ClassFolders, _ folder: UnlabelledFolder) -> Int {
    CameraAlignment.plannedByteCount(reader.model, classes: classes.folders.count) + (classes.photoCount + folder.photos.count)
      * (reader.encoder.preprocessing.outputCount + 8)
  }

  /// Measures how far the device's photos are from the labelled ones for `encoder`, and aligns it.
  func align(_ encoder: Model, _ classes: ClassFolders, _ reader: PhotoReader, _ folder: UnlabelledFolder) throws -> CameraOutcome {
    let count = reader.encoder.preprocessing.outputCount
    let labelled = CutCache(count: classes.photoCount, entryCount: count, map: nil)
    let unlabelled = CutCache(count: folder.photos.count, entryCount: count, map: nil)
    var labels: [Int] = []
    var unlabelledCount = 0
    for (label, folder) in classes.folders.enumerated() {
      // Photos that cannot be read have been named before.
      for photo in folder.photos where !reader.skipped.contains(photo) {
        guard let input = try reader.networkInput(of: photo, strict: strict) else { continue }
        labelled.store(input, at: labels.count)
        labels.append(label)
      }
    }
    try folder.read(reader, strict: strict) { input, _ in
      unlabelled.store(input, at: unlabelledCount)
      unlabelledCount += 1
    }
    var progress = Progress("Aligning with the camera", total: 0)
    do {
      let alignment = try CameraAlignment(
        encoder, labelled: CachedInputs(labelled, Array(labels.indices)), labels: labels,
        unlabelled: CachedInputs(unlabelled, Array(0..<unlabelledCount))
      ) { done, total in
        if done == 1 { progress = Progress("Aligning with the camera", total: total) }
        progress.update(done: done)
      }
      progress.finish()
      return CameraOutcome(photos: unlabelledCount, alignment: alignment)
    } catch { throw Failure(error, in: reader.path) }
  }
}
