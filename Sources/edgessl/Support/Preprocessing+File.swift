import ModelCompiler
import TinyNN

extension Model {
  /// How photos become the input of this model, nil if the file does not say; `path` is for errors.
  func preprocessing(in path: String) throws(Failure) -> Preprocessing? {
    guard has(.preprocessing) else { return nil }
    let record = section(.preprocessing).array
    let result: Preprocessing
    do { result = try Preprocessing(record: record.span.bytes) } catch {
      throw Failure(.badData, "\(path): \(error); make it again from its source")
    }
    let shape = tensor(input(0)).type.shape
    guard shape == Shape(1, result.inputHeight, result.inputWidth, 3) else {
      throw Failure(.badData, "\(path): preprocessing makes \(result.inputHeight)x\(result.inputWidth) RGB pixels, the input is \(shape); make it again from its source")
    }
    return result
  }
}

extension Preprocessing {
  /// The bytes of the section in a file.
  var record: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Preprocessing.recordByteCount)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    do { try encode(into: &raw) } catch { preconditionFailure("a record has a fixed size") }
    return bytes
  }

  var json: JSON {
    [
      "inputHeight": .integer(inputHeight), "inputWidth": .integer(inputWidth), "cropFraction": .float(cropFraction),
      "interpolation": .string("\(interpolation)"), "mean": JSON([mean.x, mean.y, mean.z]),
      "std": JSON([standardDeviation.x, standardDeviation.y, standardDeviation.z]),
    ]
  }

  var text: String {
    func list(_ values: SIMD3<Float>) -> String {
      values.x == values.y && values.y == values.z ? "\(values.x)" : "\(values.x),\(values.y),\(values.z)"
    }
    return "short side to \(resizedHeight) (\(interpolation)), centre \(inputHeight)x\(inputWidth), (value - \(list(mean))) / \(list(standardDeviation))"
  }
}
