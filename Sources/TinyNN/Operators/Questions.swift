// What is asked of an operator in a graph, in a checked file and in a tail being trained alike.

/// `Operator.multiplyAdds`, of these operands and this output.
public struct MultiplyAdds<Operands: OperandTypes>: OperatorQuestion {
  let operands: Operands
  let output: TensorType

  public init(of operands: Operands, output: TensorType) {
    self.operands = operands
    self.output = output
  }

  public func answer<O: Operator>(_ operation: O) -> Int { operation.multiplyAdds(of: operands, output: output) }
}

/// `Operator.scratchByteCount`, of these operands, this output and so many parts.
public struct ScratchByteCount<Operands: OperandTypes>: OperatorQuestion {
  let operands: Operands
  let output: TensorType
  let parts: Int

  public init(of operands: Operands, output: TensorType, parts: Int) {
    self.operands = operands
    self.output = output
    self.parts = parts
  }

  public func answer<O: Operator>(_ operation: O) -> Int {
    operation.scratchByteCount(of: operands, output: output, parts: parts)
  }
}

/// `Operator.runsInPlace`, over one of these operands.
public struct RunsInPlace<Operands: OperandTypes>: OperatorQuestion {
  let input: Int
  let operands: Operands

  public init(over input: Int, of operands: Operands) {
    self.input = input
    self.operands = operands
  }

  public func answer<O: Operator>(_ operation: O) -> Bool { operation.runsInPlace(input: input, of: operands) }
}

/// `Operator.weightForm`.
public struct FindWeightForm: OperatorQuestion {
  public init() {}
  public func answer<O: Operator>(_ operation: O) -> WeightForm? { operation.weightForm }
}

/// Runs an operator. Reading its attributes cannot fail where the file was checked.
struct Run: OperatorQuestion {
  let context: OperatorContext

  func answer<O: Operator>(_ operation: O) { operation.run(context) }
}
