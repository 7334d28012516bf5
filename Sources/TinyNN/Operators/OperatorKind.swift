/// Every operator of the runtime; the raw value is the code in the file.
///
/// A new operator is one case here, one arm of `accept`, and its own file.
public enum OperatorKind: UInt16, Sendable {
  case convolution = 1
  case depthwiseConvolution
  case dense
  case activate
  case binary
  case pool
  case globalAveragePool
  case softmax
  case concatenate
  case slice
  case reshape
  case transpose
  case pad
  case quantize
  case dequantize
  case matMul
  case layerNormalization
  case gather
  case resample
  case reduce
  case localResponseNormalization
  case select

  /// Calls the visitor with the operator's type; the only switch over operators, specialised for each visitor.
  @inline(__always)
  public func accept<Visitor: OperatorVisitor>(_ visitor: inout Visitor) throws(ModelError) -> Visitor.Result {
    switch self {
    case .convolution: try visitor.visit(Convolution.self)
    case .depthwiseConvolution: try visitor.visit(DepthwiseConvolution.self)
    case .dense: try visitor.visit(Dense.self)
    case .binary: try visitor.visit(Binary.self)
    case .pool: try visitor.visit(Pool.self)
    case .globalAveragePool: try visitor.visit(GlobalAveragePool.self)
    case .reshape: try visitor.visit(Reshape.self)
    case .dequantize: try visitor.visit(Dequantize.self)
    #if TINYNN_INT8_INFERENCE
      default: throw ModelError(.unknownOperator, found: Int(rawValue))
    #else
      case .activate: try visitor.visit(Activate.self)
      case .softmax: try visitor.visit(Softmax.self)
      case .concatenate: try visitor.visit(Concatenate.self)
      case .slice: try visitor.visit(Slice.self)
      case .transpose: try visitor.visit(Transpose.self)
      case .pad: try visitor.visit(Pad.self)
      case .quantize: try visitor.visit(Quantize.self)
      case .matMul: try visitor.visit(MatMul.self)
      case .layerNormalization: try visitor.visit(LayerNormalization.self)
      case .gather: try visitor.visit(Gather.self)
      case .resample: try visitor.visit(Resample.self)
      case .reduce: try visitor.visit(Reduce.self)
      case .localResponseNormalization: try visitor.visit(LocalResponseNormalization.self)
      case .select: try visitor.visit(Select.self)
    #endif
    }
  }
}

/// Something done with the type of an operator that is only known from the file: the static form of a virtual call, so that
/// no existential and no table of closures is needed.
public protocol OperatorVisitor {
  associatedtype Result
  mutating func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Result
}

extension OperatorRecord {
  /// The operator's kind. Precondition: the file was checked.
  public var kind: OperatorKind {
    guard let kind = OperatorKind(rawValue: code) else { preconditionFailure("the file changed after it was checked") }
    return kind
  }
}

extension OperatorKind {
  /// Whether this build has the kernels for the operator on elements of this type (`OperatorSelection`). Operators that only move
  /// values have one for all.
  @inline(__always) func isSelected(on type: ElementType?) -> Bool {
    switch self {
    case .convolution, .depthwiseConvolution, .dense, .binary, .pool, .globalAveragePool:
      OperatorSelection.hasFloat || type == .int8
    default: true
    }
  }
}
