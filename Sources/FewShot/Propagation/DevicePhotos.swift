package import TinyNN

/// All photos that a device has: labelled ones first, then those without labels.
package struct DevicePhotos {
  package let labelled: SupportSet
  package let unlabelled: CompactRows

  package init(labelled: SupportSet, unlabelled: CompactRows) {
    self.labelled = labelled
    self.unlabelled = unlabelled
  }

  package var count: Int { labelled.count + unlabelled.count }
  package var classCount: Int { labelled.classCount }
  package var dimension: Int { labelled.dimension }

  /// An embedding of length 1.
  package func write(_ index: Int, into row: Elements<Float>) {
    if index < labelled.count {
      row.copy(labelled.embeddings[index])
    } else {
      unlabelled.write(index - labelled.count, into: row)
    }
  }

  /// The same minus `mean`, at length 1.
  package func write(_ index: Int, minus mean: Embedding, into row: Elements<Float>) {
    write(index, into: row)
    DevicePhotos.centre(row, minus: mean)
  }

  package static func centre(_ row: Elements<Float>, minus mean: Embedding) {
    for column in 0..<row.count { row[column] = row[column] - mean[column] }
    _ = row.normalize()
  }

  /// Writes the centre of all photos: half way between the mean of the classes' means and the mean of all photos, so that photos
  /// without labels of few classes do not pull it all the way to them.
  /// - Parameter scratch: `2 * dimension` values.
  /// - Returns: how far the photos without labels are from the labelled ones: the squared distance of their means, over their
  ///   variance. It is 0 for no photos.
  package func writeCentre(into centre: Elements<Float>, scratch: Elements<Float>) -> Float {
    let row = scratch.slice(0, dimension), others = scratch.slice(dimension, dimension)
    centre.clear()
    others.clear()
    for index in 0..<labelled.count {
      let weight = 1 / Float(classCount * labelled.count(ofClass: labelled.label(index)))
      for column in 0..<dimension { centre[column] = centre[column] + weight * labelled.embeddings[index][column] }
    }
    for index in 0..<unlabelled.count {
      unlabelled.write(index, into: row)
      others.add(row.embedding)
    }
    let share = 1 / Float(max(1, unlabelled.count)), part = Float(unlabelled.count) / Float(count)
    var (distance, square): (Float, Float) = (0, 0)
    for column in 0..<dimension {
      let mean = share * others[column], difference = mean - centre[column]
      distance = distance + difference * difference
      square = square + mean * mean
      centre[column] = centre[column] + 0.5 * part * difference
    }
    return unlabelled.count == 0 ? 0 : distance / max(1e-6, 1 - square)
  }

  private static let blockCount = 8

  /// Values of working memory that `writeCosines` needs.
  package static func scratchCount(dimension: Int) -> Int { (blockCount + 1) * dimension }

  /// The cosines of all pairs, centred. Rows are made anew for each block of others, so that their memory does not grow with their
  /// number.
  package func writeCosines(minus mean: Embedding, to cosines: SymmetricMatrix, scratch: Elements<Float>) {
    let rows = scratch.slice(0, DevicePhotos.blockCount * dimension), other = scratch.slice(rows.count, dimension)
    var first = 0
    while first < count {
      let end = min(count, first + DevicePhotos.blockCount)
      for index in first..<end { write(index, minus: mean, into: rows.slice((index - first) * dimension, dimension)) }
      for column in 0..<end {
        write(column, minus: mean, into: other)
        for row in max(first, column)..<end {
          cosines[row, column] = rows.slice((row - first) * dimension, dimension).embedding.dot(other.embedding)
        }
      }
      first = end
    }
  }
}
