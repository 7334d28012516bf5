import FewShot
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
    var background: [UInt8] = []
    var row = [Float](repeating: 0, count: dimension)
    for index in 0..<rows {
      var span = row.mutableSpan
      copyBackground(index, into: &span)
      let largest = row.map(\.magnitude).max()!
      for value in row { background.append(UInt8(bitPattern: Int8(largest == 0 ? 0 : (127 * value / largest).rounded()))) }
    }
    return StatisticsSection(
      photoCount: photoCount, mean: (0..<dimension).map(mean), lengths: (0..<rows).map(length), elementType: .int8,
      background: background,
      variances: (0..<axisCount).map(variance), residualVariance: residualVariance,
      axes: (0..<axisCount).map { index in
        let axis = axis(index)
        return (0..<dimension).map { axis[$0] }
      },
      scales: ScaleTable(self)
    ).bytes
  }
}
