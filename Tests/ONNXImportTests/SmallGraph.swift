@testable import ONNXImport

/// An ONNX graph of a few nodes, written down here.
struct SmallGraph {
  private(set) var proto = Onnx_ModelProto()

  /// Constants by name: floats with dimensions, or integers.
  enum Constant {
    case floats([Int], [Float])
    case integers([Int64])
  }

  init(input: [Int] = [1, 3, 8, 8], type: Onnx_TensorProto.DataType = .float, open: [Int: String] = [:], opset: Int64 = 17) {
    proto.opsetImport = [.with { $0.version = opset }]
    proto.graph.input = [
      .with {
        $0.name = "x"
        $0.type.tensorType.elemType = Int32(type.rawValue)
        $0.type.tensorType.shape.dim = input.enumerated().map { axis, extent in
          .with { if let name = open[axis] { $0.dimParam = name } else { $0.dimValue = Int64(extent) } }
        }
      }
    ]
  }

  mutating func constant(_ name: String, _ value: Constant) {
    proto.graph.initializer.append(
      .with {
        $0.name = name
        switch value {
        case .floats(let shape, let values):
          ($0.dataType, $0.dims, $0.floatData) = (1, shape.map(Int64.init), values)
        case .integers(let values): ($0.dataType, $0.dims, $0.int64Data) = (7, [Int64(values.count)], values)
        }
      })
  }

  /// Weights of no meaning.
  mutating func weights(_ name: String, _ shape: Int...) {
    let count = shape.reduce(1, *)
    constant(name, .floats(shape, (0..<count).map { Float(($0 * 37) % 17) / 17 - 0.4 }))
  }

  mutating func node(_ operation: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: [Int64]] = [:]) {
    proto.graph.node.append(
      .with {
        $0.opType = operation
        $0.input = inputs
        $0.output = outputs
        $0.attribute = attributes.map { name, values in
          .with {
            $0.name = name
            if name == "axis" || name.hasPrefix("trans") || name == "keepdims" || name == "to" {
              $0.i = values[0]
            } else {
              $0.ints = values
            }
          }
        }
      })
  }

  mutating func output(_ names: String...) { proto.graph.output += names.map { name in .with { $0.name = name } } }

  func model() throws -> ONNXModel { try ONNXModel(proto) }

  func imported(_ options: ImportOptions = ImportOptions()) throws -> ImportedModel { try model().imported(options) }

  /// A convolution, global average, a vector of 4 called "features".
  static func encoder() -> SmallGraph {
    var graph = SmallGraph()
    graph.weights("w0", 4, 3, 3, 3)
    graph.node("Conv", ["x", "w0"], ["c0"])
    graph.node("Relu", ["c0"], ["map"])
    graph.node("GlobalAveragePool", ["map"], ["mean"])
    graph.node("Flatten", ["mean"], ["features"])
    return graph
  }

  /// `encoder` with the scores of 5 classes, "logits".
  static func classifier() -> SmallGraph {
    var graph = encoder()
    graph.weights("wf", 4, 5)
    graph.weights("bf", 5)
    graph.node("Gemm", ["features", "wf", "bf"], ["logits"])
    return graph
  }
}
