/// Why an ONNX file could not be imported. `description` is one line for people: what, where, what to do.
public struct ONNXImportError: Error, Equatable, CustomStringConvertible, Sendable {
  public enum Reason: Equatable, Sendable {
    /// The file, or a file with weights that it names, cannot be opened.
    case missing
    /// The operating system failed while reading.
    case unreadable
    /// The bytes are not a whole ONNX model.
    case malformed
    /// The file is plainly something else, or a folder; the message says what to do.
    case otherFormat
    /// The model asks for something that is not supported, or that needs an option.
    case unsupported
    /// An operator's inputs or attributes contradict each other or the ONNX specification.
    case invalidNode
    /// An option of the caller does not fit the model.
    case wrongOption
  }

  public var reason: Reason
  public var description: String

  public init(_ reason: Reason, _ description: String) {
    self.reason = reason
    // Names come from the file and may hold anything; a message is one line all the same.
    self.description = String(
      String.UnicodeScalarView(description.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}

/// An operator that no translation exists for, with every node that uses it.
public struct UnsupportedOperator: Equatable, Sendable, CustomStringConvertible {
  /// `Domain.Operator`, or the operator alone in the standard domain.
  public var name: String
  public var nodeNames: [String]

  /// The operator and its first nodes: a network can have hundreds.
  public var description: String {
    let first = nodeNames.prefix(3).joined(separator: ", ")
    return "\(name) (\(first)\(nodeNames.count > 3 ? " and \(nodeNames.count - 3) more" : ""))"
  }
}

extension ONNXImportError {
  /// Operators of models that compute with stored integers, statically (QOperator) or with ranges measured at run time.
  private static let quantized: Set<String> = [
    "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear", "com.microsoft.QLinearAdd",
    "com.microsoft.QLinearMul", "com.microsoft.QLinearConcat", "com.microsoft.QLinearSigmoid", "com.microsoft.QLinearLeakyRelu",
    "com.microsoft.QLinearSoftmax", "com.microsoft.QLinearAveragePool", "com.microsoft.QLinearGlobalAveragePool",
    "com.microsoft.QLinearReduceMean", "com.microsoft.QLinearWhere", "com.microsoft.QGemm", "com.microsoft.MatMulIntegerToFloat",
    "com.microsoft.DynamicQuantizeMatMul", "com.microsoft.QAttention", "com.microsoft.MatMulNBits", "com.microsoft.NhwcMaxPool",
  ]

  /// `before`: a tensor that the supported ones compute and the first of the others reads.
  static func unsupportedOperators(_ operators: [UnsupportedOperator], before tensor: String? = nil) -> ONNXImportError {
    let list = operators.map(\.description).joined(separator: "; ")
    let count = operators.count == 1 ? "1 operator is" : "\(operators.count) operators are"
    let advice =
      if operators.contains(where: { quantized.contains($0.name) }) {
        "; the model is quantized in another form than QDQ: export it quantized in QDQ form, or import the float32 model and use: "
          + "edgessl quantize"
      } else if let tensor {
        "; if what comes before will do, name a tensor there, such as: --embedding '\(tensor)'"
      } else {
        ""
      }
    return ONNXImportError(.unsupported, "\(count) not supported: \(list)\(advice)")
  }
}
