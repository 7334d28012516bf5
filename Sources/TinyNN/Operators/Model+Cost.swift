extension Model {
  /// Multiply-adds of operator `index`.
  public func multiplyAdds(ofOperator index: Int) -> Int {
    let record = operatorRecord(index)
    var cost = Cost(model: self, record: record)
    // Cannot fail: the file was checked.
    return (try? record.kind.accept(&cost)) ?? 0
  }

  /// True if another operator reads the same weights (input 1), as the stripes of a stage do: they cannot change for one alone.
  public func sharesWeights(ofOperator index: Int) -> Bool {
    guard let weights = operand(operatorRecord(index), 1), tensor(weights).storage == .constant else { return false }
    for other in 0..<operatorCount where other != index {
      if operand(operatorRecord(other), 1) == weights { return true }
    }
    return false
  }
}

private struct Cost: OperatorVisitor {
  let model: Model
  let record: OperatorRecord

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Int {
    var reader = AttributeReader(model.attributes(record))
    let instance = try O(decoding: &reader)
    let operands = ModelOperands(model: model, record: record)
    return instance.multiplyAdds(of: operands, output: try instance.outputType(0, of: operands))
  }
}
