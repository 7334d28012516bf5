import TinyNN

extension Preprocessing {
  var json: JSON {
    [
      "inputHeight": .integer(inputHeight), "inputWidth": .integer(inputWidth), "cropFraction": .float(cropFraction),
      "interpolation": .string("\(interpolation)"), "mean": JSON([mean.x, mean.y, mean.z]),
      "std": JSON([standardDeviation.x, standardDeviation.y, standardDeviation.z]),
    ]
  }

  var text: String {
    func list(_ values: SIMD3<Float>) -> String {
      let parts = [values.x, values.y, values.z].map { $0 == $0.rounded() && abs($0) < 1e9 ? String(Int($0)) : $0.description }
      return parts.allSatisfy { $0 == parts[0] } ? parts[0] : parts.joined(separator: ",")
    }
    return
      """
      short side to \(resizedHeight) (\(interpolation)), centre \(inputHeight)x\(inputWidth), (value - \
      \(list(mean))) / \(list(standardDeviation))
      """
  }
}
