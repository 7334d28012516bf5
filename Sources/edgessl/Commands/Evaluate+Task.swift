import FewShot
import FewShotHost
import HostRuntime
import TinyNN

extension Evaluate {
  func evaluateTask(_ location: ModelLocation) throws {
    let html = try report.map { path throws(Failure) in
      try OutputFile(path, .html, option: "--report", inputs: [location.path])
    }
    let classes = try ClassFolders(dataset, needed: 1, role: "evaluation", isStrict: strict)
    try location.requireTask()
    let encoder = try runtime.open(location.path)
    let task: Classifier
    do { task = try Classifier([encoder]) } catch { throw Failure(error, in: location.path) }
    guard classes.folders.contains(where: { task.names.contains($0.name) }) else {
      throw Failure(
        .badData, "\(dataset): no folder is named like one of the task's classes: \(task.names.joined(separator: ", "))")
    }
    let plan = LearningPlan(measuring: task, photos: classes.photoCount), weights = task.model.weightByteCount
    let evaluation: TaskEvaluation, skipped: [String], mistakes: [TaskMistake]
    do {
      (evaluation, skipped, mistakes) = try task.evaluate(classes.folders, isStrict: strict, observer: console(location.path))
    } catch { throw Failure(error, encoder: location.path) }
    guard evaluation.knownCount > 0 else { throw Failure(.badData, "\(dataset): no photo of a known class can be read") }
    let text = text(evaluation, task.names)
    if let html {
      let page = TaskReport(
        title: "\(location.path) on \(dataset)", names: task.names, evaluation: evaluation, mistakes: mistakes, summary: text)
      try html.write(Array(page.page.html.utf8))
    }
    try results.print(json(evaluation, task, skipped, location, plan), text: text)
    noteMemory(planned: plan.byteCount, weights: weights)
  }

  private func json(
    _ evaluation: TaskEvaluation, _ task: Classifier, _ skipped: [String], _ location: ModelLocation, _ plan: LearningPlan
  ) -> JSON {
    func percent(_ part: Int, of whole: Int) -> JSON { whole == 0 ? .null : .number(100 * Double(part) / Double(whole)) }
    var json: JSON = [
      "accuracy": .number(100 * evaluation.accuracy), "method": .string("\(task.head.method)"), "classes": JSON(task.names),
      "confusion": .array(evaluation.confusion.map { JSON($0) }), "calibrationError": .number(evaluation.calibrationError()),
      "knownPhotos": .integer(evaluation.knownCount), "acceptedKnown": percent(evaluation.acceptedCount, of: evaluation.knownCount),
      "otherPhotos": .integer(evaluation.otherCount), "rejectedOther": percent(evaluation.rejectedCount, of: evaluation.otherCount),
      "auroc": evaluation.rejectionAUROC.map { .number($0) } ?? .null, "threshold": .float(task.head.calibration.threshold),
      "model": .string(location.path), "dataset": .string(dataset), "skipped": JSON(skipped),
    ]
    for (name, value) in plan.fields(weights: task.model.weightByteCount) { json.append(name, value) }
    return json
  }

  private func text(_ evaluation: TaskEvaluation, _ names: [String]) -> String {
    func percent(_ part: Int, of whole: Int) -> String { decimal(100 * Double(part) / Double(max(1, whole)), digits: 1) + " %" }
    var table = Table([("true \\ predicted", .left)] + names.map { ($0.onOneLine, .right) })
    for (name, row) in zip(names, evaluation.confusion) { table.append([name.onOneLine] + row.map { "\($0)" }) }
    var lines = [
      table.text, "",
      "accuracy   \(decimal(100 * evaluation.accuracy, digits: 1)) % of \(evaluation.knownCount) photos of known classes",
      "confidence expected calibration error \(decimal(evaluation.calibrationError(), digits: 3)) (15 bins)",
      "accepted   \(percent(evaluation.acceptedCount, of: evaluation.knownCount)) of known classes",
    ]
    if let area = evaluation.rejectionAUROC {
      lines.append(
        """
        rejected   \(percent(evaluation.rejectedCount, of: evaluation.otherCount)) of \(evaluation.otherCount) \
        other photos, AUROC \(decimal(area, digits: 3))
        """
      )
    }
    return lines.joined(separator: "\n")
  }
}
