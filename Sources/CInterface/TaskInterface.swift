public import CInterfaceHeader
import FewShot
import TinyNN

@unsafe @c @implementation
public func tinynn_task_required_bytes(
  _ model: OpaquePointer?, _ class_capacity: Int32, _ example_capacity: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { opened throws(DeviceTaskError) in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard isCapacity(class_capacity, example_capacity) else { return code(TINYNN_OUT_OF_RANGE) }
    let task = try DeviceTask.byteCount(for: opened.model, classes: Int(class_capacity), examples: Int(example_capacity))
    unsafe byte_count.pointee = handleByteCount(TaskState.self) + task
    return code(TINYNN_OK)
  }
}

private func isCapacity(_ classes: Int32, _ examples: Int32) -> Bool {
  classes >= 2 && Int(classes) <= TaskLimits.classCount && examples >= 2 && Int(examples) <= TaskLimits.exampleCount
}

@unsafe @c @implementation
public func tinynn_task_open(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ model: OpaquePointer?, _ class_capacity: Int32,
  _ example_capacity: Int32, _ task: UnsafeMutablePointer<OpaquePointer?>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { opened throws(DeviceTaskError) in
    guard let task = unsafe task else { return code(TINYNN_NULL_POINTER) }
    guard isCapacity(class_capacity, example_capacity) else { return code(TINYNN_OUT_OF_RANGE) }
    let start = handleByteCount(TaskState.self)
    let needed = try DeviceTask.byteCount(for: opened.model, classes: Int(class_capacity), examples: Int(example_capacity))
    let checked = unsafe check(memory, memory_bytes, needed: start + needed)
    guard checked == TINYNN_OK, let memory = unsafe memory else { return checked }
    // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
    let made = unsafe TaskState(
      task: try DeviceTask(
        opened.model, classes: Int(class_capacity), examples: Int(example_capacity),
        memory: UnsafeMutableRawBufferPointer(start: memory + start, count: needed)))
    unsafe task.pointee = place(made, at: memory)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_class_count(_ task: OpaquePointer?) -> Int32 {
  unsafe count(task) { task in task.classCount }
}

@unsafe @c @implementation
public func tinynn_task_example_count(_ task: OpaquePointer?) -> Int32 {
  unsafe count(task) { task in task.exampleCount }
}

@unsafe @c @implementation
public func tinynn_task_class_example_count(_ task: OpaquePointer?, _ index: Int32) -> Int32 {
  var found: Int32 = 0
  let status = unsafe withState(of: task, TaskState.self) { state in
    guard index >= 0, Int(index) < state.task.classCount else { return code(TINYNN_OUT_OF_RANGE) }
    found = Int32(truncatingIfNeeded: state.task.support.count(ofClass: Int(index)))
    return code(TINYNN_OK)
  }
  return status == TINYNN_OK ? found : -status
}

/// A number that a task knows; negative: minus a status.
@unsafe
func count(_ task: OpaquePointer?, _ number: (borrowing DeviceTask) -> Int) -> Int32 {
  var found: Int32 = 0
  let status = unsafe withState(of: task, TaskState.self) { state in
    found = Int32(truncatingIfNeeded: number(state.task))
    return code(TINYNN_OK)
  }
  return status == TINYNN_OK ? found : -status
}

@unsafe @c @implementation
public func tinynn_task_class_name(_ task: OpaquePointer?, _ index: Int32) -> UnsafePointer<CChar>? {
  var name: UnsafePointer<CChar>?
  _ = unsafe withState(of: task, TaskState.self) { state in
    guard index >= 0, Int(index) < state.task.classCount else { return code(TINYNN_OUT_OF_RANGE) }
    // A zero byte follows the name.
    unsafe name = state.task.name(Int(index)).pointer.assumingMemoryBound(to: CChar.self)
    return code(TINYNN_OK)
  }
  return unsafe name
}

/// The bytes of a C string, at most one more than a name may have.
@unsafe
private func name(_ string: UnsafePointer<CChar>?) -> ByteRegion? {
  guard let string = unsafe string else { return nil }
  var length = 0
  // The caller promises a zero byte; what is longer than a name is refused by its length.
  while unsafe length <= TaskLimits.nameByteCount && string[length] != 0 { length += 1 }
  return unsafe ByteRegion(UnsafeRawPointer(string), count: length)
}

@unsafe @c @implementation
public func tinynn_task_add_example(
  _ task: OpaquePointer?, _ class_name: UnsafePointer<CChar>?, _ identifier: UInt64, _ embedding: UnsafePointer<Float>?,
  _ count: Int
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let name = unsafe name(class_name), let embedding = unsafe embedding else { return code(TINYNN_NULL_POINTER) }
    guard count == state.task.model.embeddingDimension else { return code(TINYNN_WRONG_COUNT) }
    // The caller's values, during this call.
    try state.task.add(unsafe Embedding(embedding, count: count), identifier: identifier, to: name)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_remove_class(_ task: OpaquePointer?, _ class_name: UnsafePointer<CChar>?) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let name = unsafe name(class_name) else { return code(TINYNN_NULL_POINTER) }
    try state.task.remove(name)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_rename_class(
  _ task: OpaquePointer?, _ old_name: UnsafePointer<CChar>?, _ new_name: UnsafePointer<CChar>?
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let old = unsafe name(old_name), let new = unsafe name(new_name) else { return code(TINYNN_NULL_POINTER) }
    try state.task.rename(old, to: new)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_learn(_ task: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    try state.task.learn()
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_classify(
  _ task: OpaquePointer?, _ embedding: UnsafePointer<Float>?, _ count: Int, _ prediction: UnsafeMutablePointer<tinynn_prediction>?
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let embedding = unsafe embedding, let prediction = unsafe prediction else { return code(TINYNN_NULL_POINTER) }
    guard count == state.task.model.embeddingDimension else { return code(TINYNN_WRONG_COUNT) }
    // The caller's values, during this call.
    let found = try state.task.classify(unsafe Embedding(embedding, count: count))
    unsafe prediction.pointee = tinynn_prediction(
      class_index: Int32(truncatingIfNeeded: found.label), is_unknown: found.isUnknown ? 1 : 0, confidence: found.confidence,
      cosine: found.cosine, score: found.score, threshold: state.task.calibration?.threshold ?? 0)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_confidences(
  _ task: OpaquePointer?, _ confidences: UnsafeMutablePointer<Float>?, _ count: Int
) -> tinynn_status {
  unsafe withState(of: task, TaskState.self) { state in
    guard let confidences = unsafe confidences else { return code(TINYNN_NULL_POINTER) }
    guard count == state.task.classCount else { return code(TINYNN_WRONG_COUNT) }
    for index in 0..<count { unsafe confidences[index] = state.task.confidence(index) }
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_file_bytes(_ task: OpaquePointer?, _ byte_count: UnsafeMutablePointer<Int>?) -> tinynn_status {
  unsafe withState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    unsafe byte_count.pointee = try state.task.fileByteCount()
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_save(
  _ task: OpaquePointer?, _ buffer: UnsafeMutableRawPointer?, _ buffer_bytes: Int, _ written: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let written = unsafe written else { return code(TINYNN_NULL_POINTER) }
    let needed = try state.task.fileByteCount()
    let checked = unsafe check(buffer, buffer_bytes, needed: needed)
    guard checked == TINYNN_OK, let buffer = unsafe buffer else { return checked }
    // The buffer was just compared with the file's size.
    unsafe written.pointee = try state.task.write(into: Elements<UInt8>(buffer, count: needed))
    return code(TINYNN_OK)
  }
}
