extension Model {
  /// How operator `index` multiplies by constant weights, nil for one without.
  public func weightForm(ofOperator index: Int) -> WeightForm? { weightForm(of: operatorRecord(index)) }

  func weightForm(of record: OperatorRecord) -> WeightForm? { (try? ask(record, FindWeightForm())) ?? nil }

  /// Where the weights of an operator are, nil for one without.
  func weightLayout(of record: OperatorRecord) -> WeightLayout? {
    guard let form = weightForm(of: record), let weights = operand(record, 1) else { return nil }
    return WeightLayout(form, tensor(weights).type.shape)
  }
}
