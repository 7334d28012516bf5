import HostRuntime
import ModelCompiler
public import TinyNN

extension EncoderStatistics {
  /// `StatisticsView.compact` of the bytes of a statistics section.
  public static func compact(_ section: [UInt8], dimension: Int) throws(ModelError) -> [UInt8] {
    let memory = AlignedMemory(copying: section)
    // The view reads the memory, which must not be freed before.
    defer { withExtendedLifetime(memory) {} }
    return try StatisticsView(memory.bytes, at: 0, dimension: dimension).compact
  }
}

extension StatisticsView {
  /// Background embeddings of a compact section. Reservoir sampling puts no photo earlier than another, so the first rows are a
  /// sample, too.
  static let compactBackgroundCount = 96

  /// A section that says the same with fewer background embeddings, and these in int8: for an int8 encoder, whose file they
  /// would fill otherwise.
  var compact: [UInt8] {
    let rows = min(backgroundCount, StatisticsView.compactBackgroundCount)
    var bytes: [UInt8] = []
    bytes.append(word: UInt32(2))
    bytes.append(word: UInt32(dimension))
    bytes.append(word: UInt32(rows))
    bytes.append(word: ElementType.int8.rawValue)
    bytes.append(word: UInt32(photoCount))
    bytes.append(word: UInt32(axisCount))
    bytes.append(float: residualVariance)
    bytes.align()
    bytes.append(floats: (0..<dimension).map(mean))
    bytes.align()
    bytes.append(floats: (0..<rows).map(length))
    bytes.align()
    var row = [Float](repeating: 0, count: dimension)
    for index in 0..<rows {
      var span = row.mutableSpan
      copyBackground(index, into: &span)
      let largest = row.map(\.magnitude).max()!
      for value in row { bytes.append(UInt8(bitPattern: Int8(largest == 0 ? 0 : (127 * value / largest).rounded()))) }
    }
    bytes.align()
    bytes.append(floats: (0..<axisCount).map(variance))
    bytes.align()
    for index in 0..<axisCount {
      let axis = axis(index)
      bytes.append(floats: (0..<dimension).map { axis[$0] })
    }
    ScaleTable(self)?.add(to: &bytes)
    return bytes
  }
}
