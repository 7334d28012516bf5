import CInterface
import CInterfaceHeader

extension Caller {
  mutating func openTask() {
    let model = handle(.model)
    let (classes, examples) = program.byte() < 192 ? (6, 24) : (program.integer(), program.integer())
    var (needed, task): (Int, OpaquePointer?) = (0, nil)
    check(given(&needed) { tinynn_task_required_bytes(model, classes, examples, $0) })
    let count = program.size(needed, limit: Caller.byteLimit)
    let status = tinynn_task_open(memory(count), count, model, classes, examples, &task)
    add(task, .task, status)
  }

  /// Three examples at a time, so that short programs learn something.
  mutating func addExamples() {
    let task = handle(.task), name = program.name(), count = program.size(dimension(), limit: 64)
    for _ in 0..<3 {
      let identifier = UInt64(program.byte()), embedding = floats(count)
      check(tinynn_task_add_example(task, name, identifier, embedding, count))
    }
  }

  mutating func editTask() {
    let task = handle(.task), name = program.name()
    check(program.byte() < 96 ? tinynn_task_remove_class(task, name) : tinynn_task_rename_class(task, name, program.name()))
  }

  mutating func learn() { check(tinynn_task_learn(handle(.task))) }

  mutating func classify() {
    let task = handle(.task), count = program.size(dimension(), limit: 64), embedding = floats(count)
    var prediction = tinynn_prediction()
    let status = given(&prediction) { tinynn_task_classify(task, embedding, count, $0) }
    check(status)
    let classes = tinynn_task_class_count(task)
    if status == TINYNN_OK {
      precondition(0..<classes ~= prediction.class_index, "class \(prediction.class_index) of \(classes)")
      precondition(0...1 ~= prediction.confidence, "confidence \(prediction.confidence)")
    }
    let asked = program.size(Int(max(0, classes)), limit: 64)
    var confidences = [Float](repeating: 0, count: asked)
    check(tinynn_task_confidences(task, &confidences, asked))
  }

  mutating func lookAtTask() {
    let task = handle(.task), index = program.integer()
    _ = tinynn_task_example_count(task)
    if let name = tinynn_task_class_name(task, index) { precondition(String(cString: name).utf8.count <= 255) }
  }

  mutating func saveTask() {
    let task = handle(.task)
    var (needed, written) = (0, 0)
    check(given(&needed) { tinynn_task_file_bytes(task, $0) })
    let count = program.size(needed, limit: Caller.byteLimit), buffer = memory(count)
    let status = tinynn_task_save(task, buffer, count, &written)
    check(status)
    if status == TINYNN_OK, let buffer {
      precondition(written <= count)
      keep(buffer, written)
    }
  }
}
