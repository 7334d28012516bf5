import FewShot
import TinyNN

/// What a statistics section says, for writing it; FewShot/Sections/Sections.swift has the layout, `StatisticsView` reads it.
struct StatisticsSection {
  var photoCount: Int
  var mean: [Float]
  /// Of the background embeddings before they were scaled to 1.
  var lengths: [Float]
  var elementType: StatisticsView.ElementType
  /// The background embeddings in `elementType`, one after the other.
  var background: [UInt8]
  /// Along the axes.
  var variances: [Float]
  var residualVariance: Float
  /// [axes][dimension], of length 1.
  var axes: [[Float]]
  var scales: ScaleTable?

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(word: UInt32(2))
    bytes.append(word: UInt32(mean.count))
    bytes.append(word: UInt32(lengths.count))
    bytes.append(word: elementType.rawValue)
    bytes.append(word: UInt32(photoCount))
    bytes.append(word: UInt32(axes.count))
    bytes.append(float: residualVariance)
    bytes.align()
    bytes.append(floats: mean)
    bytes.align()
    bytes.append(floats: lengths)
    bytes.align()
    bytes += background
    bytes.align()
    bytes.append(floats: variances)
    bytes.align()
    for axis in axes { bytes.append(floats: axis) }
    scales?.add(to: &bytes)
    return bytes
  }
}
