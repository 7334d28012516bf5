public import CInterfaceHeader
import FewShot
import TinyNN

@unsafe @c @implementation
public func tinynn_task_unlabelled_required_bytes(
  _ task: OpaquePointer?, _ capacity: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard isUnlabelledCapacity(capacity) else { return code(TINYNN_OUT_OF_RANGE) }
    unsafe byte_count.pointee = try state.task.unlabelledByteCount(Int(capacity))
    return code(TINYNN_OK)
  }
}

private func isUnlabelledCapacity(_ capacity: Int32) -> Bool { capacity >= 1 && Int(capacity) <= TaskLimits.unlabelledCount }

@unsafe @c @implementation
public func tinynn_task_reserve_unlabelled(
  _ task: OpaquePointer?, _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ capacity: Int32
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard isUnlabelledCapacity(capacity) else { return code(TINYNN_OUT_OF_RANGE) }
    let needed = try state.task.unlabelledByteCount(Int(capacity))
    let checked = unsafe check(memory, memory_bytes, needed: needed)
    guard checked == TINYNN_OK, let memory = unsafe memory else { return checked }
    // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
    try unsafe state.task.reserveUnlabelled(
      Int(capacity), memory: UnsafeMutableRawBufferPointer(start: memory, count: needed))
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_add_unlabelled(
  _ task: OpaquePointer?, _ identifier: UInt64, _ embedding: UnsafePointer<Float>?, _ count: Int
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let embedding = unsafe embedding else { return code(TINYNN_NULL_POINTER) }
    guard count == state.task.model.embeddingDimension else { return code(TINYNN_WRONG_COUNT) }
    // The caller's values, during this call.
    try state.task.addUnlabelled(unsafe Embedding(embedding, count: count), identifier: identifier)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_unlabelled_count(_ task: OpaquePointer?) -> Int32 {
  unsafe count(task) { task in task.unlabelledCount }
}

@unsafe @c @implementation
public func tinynn_task_forget_unlabelled(_ task: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state in
    state.task.forgetUnlabelled()
    return code(TINYNN_OK)
  }
}
