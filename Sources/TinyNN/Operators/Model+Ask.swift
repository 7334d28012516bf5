/// A question to an operator with its attributes, whatever its type.
public protocol OperatorQuestion {
  associatedtype Answer
  func answer<O: Operator>(_ operation: O) throws(ModelError) -> Answer
}

extension OperatorKind {
  /// Reads an operator of this kind from its attributes and asks it. Throws what reading them does, and what the answer does.
  @inline(__always)
  public func ask<Question: OperatorQuestion>(_ question: Question, _ attributes: ByteRegion) throws(ModelError) -> Question.Answer
  {
    var visitor = Asking(question: question, reader: AttributeReader(attributes))
    return try accept(&visitor)
  }
}

private struct Asking<Question: OperatorQuestion>: OperatorVisitor {
  let question: Question
  var reader: AttributeReader

  mutating func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Question.Answer {
    try question.answer(O(decoding: &reader))
  }
}

extension Model {
  /// Asks an operator of this model. Reading its attributes cannot fail: the file was checked.
  @inline(__always)
  public func ask<Question: OperatorQuestion>(_ record: OperatorRecord, _ question: Question) throws(ModelError) -> Question.Answer
  {
    try record.kind.ask(question, attributes(record))
  }

  /// The operator's operands, for questions about them.
  public func operands(of record: OperatorRecord) -> ModelOperands { ModelOperands(model: self, record: record) }
}
