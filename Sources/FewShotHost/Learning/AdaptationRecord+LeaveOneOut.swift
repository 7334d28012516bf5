import FewShot
public import TinyNN

extension AdaptationRecord {
  /// The part of the photos of `knowledge` that the aligned network answers rightly with a head like `head` of the others. Photos
  /// that came after the alignment were seen by it. Nil where the encoder was not aligned, or a class has one photo.
  func leaveOneOutAccuracy(_ knowledge: Knowledge, _ head: LeftOutHead, statistics: StatisticsView?) throws(HeadError) -> Double? {
    guard let aligned else { return nil }
    let seen = Dictionary(
      aligned.classes.flatMap(\.examples).map { ($0.identifier, $0) }, uniquingKeysWith: { first, _ in first })
    let learner = HeadLearner(knowledge, statistics: statistics), asked = knowledge.classes.flatMap(\.examples)
    guard learner.examples.fewest > 1 else { return nil }
    var right = 0
    try learner.eachLeftOut(head) { head, index in
      let example = seen[asked[index].identifier] ?? asked[index]
      right += head.classify(example).label == learner.examples.label(index) ? 1 : 0
    }
    return Double(right) / Double(asked.count)
  }
}

extension TaskFile {
  /// The part of left-out photos that the network of a task file answers rightly, aligned where it is; nil where the file knows no
  /// classes, or every class has one photo.
  /// - Throws: `ModelError` or `HeadError`.
  public static func leaveOneOutAccuracy(in model: Model) throws -> Double? {
    guard let task = try TaskFile(reading: model) else { return nil }
    let head = try HeadView(model, classes: ClassesView(model)), record = try AdaptationRecord(reading: model)
    guard let record, record.aligned != nil else { return head.calibration.leaveOneOutAccuracy }
    return try record.leaveOneOutAccuracy(
      task.knowledge, LeftOutHead(head.method, head.calibration), statistics: StatisticsView.of(model))
  }
}
