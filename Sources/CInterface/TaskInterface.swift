public import CInterfaceHeader
import FewShot
import TinyNN

@unsafe @c @implementation
public func tinynn_task_required_bytes(
  _ model: OpaquePointer?, _ class_capacity: Int32, _ example_capacity: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(model, ModelState.self, &result) else { return result }
  guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
  guard isCapacity(class_capacity, example_capacity) else { return code(TINYNN_OUT_OF_RANGE) }
  do {
    let task = try DeviceTask.byteCount(
      for: unsafe state.pointee.state.model, classes: Int(class_capacity), examples: Int(example_capacity))
    unsafe byte_count.pointee = handleByteCount(TaskState.self) + task
  } catch { return status(error) }
  return code(TINYNN_OK)
}

private func isCapacity(_ classes: Int32, _ examples: Int32) -> Bool {
  classes >= 2 && Int(classes) <= TaskLimits.classCount && examples >= 2 && Int(examples) <= TaskLimits.exampleCount
}

@unsafe @c @implementation
public func tinynn_task_open(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ model: OpaquePointer?, _ class_capacity: Int32,
  _ example_capacity: Int32, _ task: UnsafeMutablePointer<OpaquePointer?>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(model, ModelState.self, &result) else { return result }
  guard let task = unsafe task else { return code(TINYNN_NULL_POINTER) }
  guard isCapacity(class_capacity, example_capacity) else { return code(TINYNN_OUT_OF_RANGE) }
  let start = handleByteCount(TaskState.self), opened = unsafe state.pointee.state.model
  do {
    let needed = try DeviceTask.byteCount(for: opened, classes: Int(class_capacity), examples: Int(example_capacity))
    result = unsafe check(memory, memory_bytes, needed: start + needed)
    guard result == TINYNN_OK, let memory = unsafe memory else { return result }
    // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
    let made = unsafe TaskState(
      task: try DeviceTask(
        opened, classes: Int(class_capacity), examples: Int(example_capacity),
        memory: UnsafeMutableRawBufferPointer(start: memory + start, count: needed)))
    unsafe task.pointee = place(made, at: memory)
  } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_class_count(_ task: OpaquePointer?) -> Int32 {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return -result }
  return unsafe Int32(truncatingIfNeeded: state.pointee.state.task.classCount)
}

@unsafe @c @implementation
public func tinynn_task_example_count(_ task: OpaquePointer?) -> Int32 {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return -result }
  return unsafe Int32(truncatingIfNeeded: state.pointee.state.task.exampleCount)
}

@unsafe @c @implementation
public func tinynn_task_class_name(_ task: OpaquePointer?, _ index: Int32) -> UnsafePointer<CChar>? {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return nil }
  guard index >= 0, unsafe Int(index) < state.pointee.state.task.classCount else { return nil }
  // A zero byte follows the name.
  return unsafe state.pointee.state.task.name(Int(index)).pointer.assumingMemoryBound(to: CChar.self)
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
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  guard let name = unsafe name(class_name), let embedding = unsafe embedding else { return code(TINYNN_NULL_POINTER) }
  guard unsafe count == state.pointee.state.task.model.embeddingDimension else { return code(TINYNN_WRONG_COUNT) }
  do {
    // The caller's values, during this call.
    try unsafe state.pointee.state.task.add(Embedding(embedding, count: count), identifier: identifier, to: name)
  } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_remove_class(_ task: OpaquePointer?, _ class_name: UnsafePointer<CChar>?) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  guard let name = unsafe name(class_name) else { return code(TINYNN_NULL_POINTER) }
  do { try unsafe state.pointee.state.task.remove(name) } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_rename_class(
  _ task: OpaquePointer?, _ old_name: UnsafePointer<CChar>?, _ new_name: UnsafePointer<CChar>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  guard let old = unsafe name(old_name), let new = unsafe name(new_name) else { return code(TINYNN_NULL_POINTER) }
  do { try unsafe state.pointee.state.task.rename(old, to: new) } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_learn(_ task: OpaquePointer?) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  do { try unsafe state.pointee.state.task.learn() } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_classify(
  _ task: OpaquePointer?, _ embedding: UnsafePointer<Float>?, _ count: Int, _ prediction: UnsafeMutablePointer<tinynn_prediction>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  guard let embedding = unsafe embedding, let prediction = unsafe prediction else { return code(TINYNN_NULL_POINTER) }
  guard unsafe count == state.pointee.state.task.model.embeddingDimension else { return code(TINYNN_WRONG_COUNT) }
  do {
    // The caller's values, during this call.
    let found = try unsafe state.pointee.state.task.classify(Embedding(embedding, count: count))
    unsafe prediction.pointee = tinynn_prediction(
      class_index: Int32(truncatingIfNeeded: found.label), is_unknown: found.isUnknown ? 1 : 0, confidence: found.confidence,
      cosine: found.cosine, score: found.score, threshold: state.pointee.state.task.calibration?.threshold ?? 0)
  } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_confidences(
  _ task: OpaquePointer?, _ confidences: UnsafeMutablePointer<Float>?, _ count: Int
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  guard let confidences = unsafe confidences else { return code(TINYNN_NULL_POINTER) }
  guard unsafe count == state.pointee.state.task.classCount else { return code(TINYNN_WRONG_COUNT) }
  for index in 0..<count { unsafe confidences[index] = state.pointee.state.task.confidence(index) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_file_bytes(_ task: OpaquePointer?, _ byte_count: UnsafeMutablePointer<Int>?) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
  do { unsafe byte_count.pointee = try state.pointee.state.task.fileByteCount() } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_task_save(
  _ task: OpaquePointer?, _ buffer: UnsafeMutableRawPointer?, _ buffer_bytes: Int, _ written: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(task, TaskState.self, &result) else { return result }
  guard let written = unsafe written else { return code(TINYNN_NULL_POINTER) }
  do {
    let needed = try unsafe state.pointee.state.task.fileByteCount()
    result = unsafe check(buffer, buffer_bytes, needed: needed)
    guard result == TINYNN_OK, let buffer = unsafe buffer else { return result }
    // The buffer was just compared with the file's size.
    unsafe written.pointee = try state.pointee.state.task.write(into: Elements<UInt8>(buffer, count: needed))
  } catch { return status(error) }
  return code(TINYNN_OK)
}
