import FewShot
import TinyNN

/// How a head is learned again without examples.
struct LeftOutHead {
  let method: HeadMethod
  let penalty: Float

  init(_ method: HeadMethod, _ calibration: Calibration) {
    self.method = method
    penalty = calibration.penalty
  }

  init(_ head: LearnedHead) { self.init(head.method, head.calibration) }
}

extension HeadLearner {
  /// Calls `body` with each example and a head like `head` of the others. They are left out one at a time, many by 5 folds; where a
  /// class has one example, none is.
  func eachLeftOut(_ head: LeftOutHead, _ body: (HeadClassifier, Int) -> Void) throws(HeadError) {
    let all = Array(0..<examples.count), features = try features(of: head.method)
    let penalty = head.penalty > 0 ? head.penalty : nil
    guard examples.fewest > 1 else {
      let classifier = HeadClassifier(try learn(head.method, features, penalty: penalty))
      return all.forEach { body(classifier, $0) }
    }
    let folds = all.count <= HeadLearner.oneByOneLimit ? all : LeaveOut.folds(of: examples)
    for held in 0..<(folds.max() ?? -1) + 1 {
      let kept = all.filter { folds[$0] != held }
      let rest = HeadLearner(
        examples: ExampleMemory(examples, kept), lengths: kept.map { lengths[$0] }, statistics: statistics)
      let classifier = HeadClassifier(try rest.learn(head.method, FeatureRows(features, kept), penalty: penalty))
      for index in all where folds[index] == held { body(classifier, index) }
    }
  }

  private static let oneByOneLimit = 64
}

extension HeadClassifier {
  func classify(_ example: LearnedExample) -> Prediction {
    example.embedding.withUnsafeBufferPointer {
      // Read only, during this call.
      classify(Embedding($0.baseAddress!, count: $0.count), length: example.length)
    }
  }
}
