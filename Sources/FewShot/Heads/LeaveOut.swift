package import TinyNN

/// Scores that examples have when they are left out, [examples][classes].
package enum LeaveOut {
  // MARK: Cosines

  /// Values of working memory that `writeCosines` needs.
  package static func cosineScratchCount(_ support: SupportSet) -> Int { (support.classCount + 1) * support.dimension }

  /// Cosines to the classes' prototypes on any features.
  package static func writeCosines(_ support: SupportSet, to scores: Elements<Float>, scratch: Elements<Float>) {
    let prototypes = scratch.slice(0, support.classCount * support.dimension)
    PrototypeHead.learn(support, into: prototypes)
    LinearCalibrator.leaveOutCosines(
      support, prototypes: prototypes.matrix(support.classCount, support.dimension),
      row: scratch.slice(prototypes.count, support.dimension), to: scores)
  }

  // MARK: Learning again

  /// Values of working memory that `writeScores` needs.
  package static func scratchCount<H: Head>(
    _ head: H.Type, examples: Int, classes: Int, dimension: Int, features: Int, background: Int
  ) -> Int {
    let section = HeadParts<H>.byteCount(classes: classes, dimension: dimension, features: features)
    let learning = H.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
    let pieces =
      ScratchPieces.size((section + 3) / 4) + ScratchPieces.size(examples * classes) + ScratchPieces.size(learning)
    let rows = ScratchPieces.size(examples * dimension) + ScratchPieces.size(examples * features)
    return pieces + rows + 2 * ScratchPieces.size(examples) + ScratchPieces.size(classes)
  }

  /// Learns again without them: by 5 folds over which each class is spread, or, where a class would lose a half of its examples or
  /// so, one at a time. Each class has at least two examples.
  /// - Parameter scratch: at least `scratchCount` values at a multiple of 64 bytes.
  package static func writeScores<H: Head>(
    of head: H.Type, _ examples: HeadExamples, penalty: Float, to scores: Elements<Float>, scratch: Elements<Float>
  ) {
    let all = examples.embeddings, (classes, width) = (all.classCount, examples.map.count)
    let background = examples.statistics?.backgroundCount ?? 0
    var pieces = ScratchPieces(scratch)
    let section = pieces.takeBytes(HeadParts<H>.byteCount(classes: classes, dimension: all.dimension, features: width))
    let unused = pieces.take(all.count * classes)
    let work = pieces.take(
      H.scratchCount(examples: all.count, classes: classes, dimension: all.dimension, background: background))
    let rows = pieces.take(all.count * all.dimension)
    let featureRows = pieces.take(examples.map.kind == .plain ? 0 : all.count * width)
    let labels = pieces.takeWords(all.count), folds = pieces.takeWords(all.count)
    let parts = HeadParts<H>(section, classes: classes, dimension: all.dimension, features: width, examples: nil)
    for held in 0..<writeFolds(all, to: folds, seen: pieces.takeWords(classes)) {
      var kept = 0
      for index in 0..<all.count where folds[index] != held {
        rows.slice(kept * all.dimension, all.dimension).copy(all.embeddings[index])
        if featureRows.count > 0 { featureRows.slice(kept * width, width).copy(examples.features.embeddings[index]) }
        labels[kept] = UInt32(truncatingIfNeeded: all.label(index))
        kept += 1
      }
      // The labels are those of the examples, and stay until the next fold.
      let rest = unsafe SupportSet(
        embeddings: rows.matrix(kept, all.dimension), labels: UnsafeRawPointer(labels.address), classCount: classes)
      let restFeatures =
        featureRows.count == 0
        ? rest
        : unsafe SupportSet(
          embeddings: featureRows.matrix(kept, width), labels: UnsafeRawPointer(labels.address), classCount: classes)
      let learned = HeadExamples(embeddings: rest, features: restFeatures, map: examples.map, statistics: examples.statistics)
      PrototypeHead.learn(rest, into: parts.prototypes)
      H.learn(learned, penalty: penalty, into: parts, leftOut: unused, scratch: work)
      for index in 0..<all.count where folds[index] == held {
        H.writeScores(of: examples.features.embeddings[index], parts, to: scores.slice(index * classes, classes))
      }
    }
  }

  /// Writes the fold of each example and returns how many there are. Each class has at least two examples.
  /// - Parameter seen: one value for each class.
  package static func writeFolds(_ support: SupportSet, to folds: Elements<UInt32>, seen: Elements<UInt32>) -> Int {
    let fewest = support.fewest
    guard fewest >= 4 || support.count > 64 else {
      for index in 0..<support.count { folds[index] = UInt32(truncatingIfNeeded: index) }
      return support.count
    }
    let count = min(5, fewest)
    for label in 0..<support.classCount { seen[label] = 0 }
    for index in 0..<support.count {
      let label = support.label(index)
      seen[label] = seen[label] + 1
      folds[index] = seen[label] % UInt32(truncatingIfNeeded: count)
    }
    return count
  }
}
