extension Model {
  /// Multiply-adds of operator `index`.
  public func multiplyAdds(ofOperator index: Int) -> Int {
    let record = operatorRecord(index)
    var cost = Cost(model: self, record: record)
    // Cannot fail: the file was checked.
    return (try? record.kind.accept(&cost)) ?? 0
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
