extension Model {
  /// Multiply-adds of operator `index`.
  public func multiplyAdds(ofOperator index: Int) -> Int {
    let record = operatorRecord(index)
    // The check of the file has proved that the operator has an output, of the type that the shape rule gives.
    guard let output = operand(record, record.inputCount) else { return 0 }
    return (try? ask(record, MultiplyAdds(of: operands(of: record), output: tensor(output).type))) ?? 0
  }

  /// Multiply-adds of one inference: convolutions and matrix products, as papers count them.
  public var multiplyAdds: Int {
    var sum = 0
    for index in 0..<operatorCount { sum += multiplyAdds(ofOperator: index) }
    return sum
  }
}
