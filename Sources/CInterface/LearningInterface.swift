public import CInterfaceHeader
import FewShot
import TinyNN

/// The method of a number of the header: nil in it stands for the one that suits the photos.
private func method(_ number: Int32) -> HeadMethod?? {
  if number == TINYNN_METHOD_AUTO { return .some(nil) }
  guard number > 0 else { return nil }
  return HeadMethod(rawValue: UInt32(truncatingIfNeeded: number)).map { .some($0) }
}

@unsafe @c @implementation
public func tinynn_task_head_required_bytes(
  _ task: OpaquePointer?, _ method_number: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard let method = method(method_number) else { return code(TINYNN_OUT_OF_RANGE) }
    unsafe byte_count.pointee = try state.task.headByteCount(method)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_learn_head(
  _ task: OpaquePointer?, _ method_number: Int32, _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let method = method(method_number) else { return code(TINYNN_OUT_OF_RANGE) }
    let needed = try state.task.headByteCount(method)
    let checked = unsafe check(memory, memory_bytes, needed: needed)
    guard checked == TINYNN_OK, let memory = unsafe memory else { return checked }
    // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
    try unsafe state.task.learn(method, memory: UnsafeMutableRawBufferPointer(start: memory, count: needed))
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_head_get(_ task: OpaquePointer?, _ head: UnsafeMutablePointer<tinynn_head>?) -> tinynn_status {
  unsafe withState(of: task, TaskState.self) { state in
    guard let head = unsafe head else { return code(TINYNN_NULL_POINTER) }
    guard let (method, isChosen) = state.task.method, let calibration = state.task.calibration else {
      return code(TINYNN_NOT_LEARNED)
    }
    unsafe head.pointee = tinynn_head(
      method: Int32(truncatingIfNeeded: method.rawValue), is_chosen: isChosen ? 1 : 0, scale: calibration.scale,
      threshold: calibration.threshold, left_out_count: Int32(truncatingIfNeeded: calibration.leftOutCount),
      left_out_right: Int32(truncatingIfNeeded: calibration.leftOutRight))
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_merge(
  _ task: OpaquePointer?, _ other: OpaquePointer?, _ added: UnsafeMutablePointer<Int32>?
) -> tinynn_status {
  unsafe withState(of: other, ModelState.self) { other throws(DeviceTaskError) in
    let model = other.model
    return unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
      guard let added = unsafe added else { return code(TINYNN_NULL_POINTER) }
      guard model.has(.classes) else { return code(TINYNN_NOT_LEARNED) }
      unsafe added.pointee = Int32(truncatingIfNeeded: try state.task.merge(model))
      return code(TINYNN_OK)
    }
  }
}

// MARK: Earlier states

@unsafe @c @implementation
public func tinynn_task_history_required_bytes(
  _ task: OpaquePointer?, _ states: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard isStateCount(states) else { return code(TINYNN_OUT_OF_RANGE) }
    unsafe byte_count.pointee = try state.task.historyByteCount(states: Int(states))
    return code(TINYNN_OK)
  }
}

private func isStateCount(_ states: Int32) -> Bool { states >= 1 && Int(states) <= TaskLimits.snapshotCount }

@unsafe @c @implementation
public func tinynn_task_reserve_history(
  _ task: OpaquePointer?, _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ states: Int32
) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    guard isStateCount(states) else { return code(TINYNN_OUT_OF_RANGE) }
    let needed = try state.task.historyByteCount(states: Int(states))
    let checked = unsafe check(memory, memory_bytes, needed: needed)
    guard checked == TINYNN_OK, let memory = unsafe memory else { return checked }
    // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
    try unsafe state.task.reserveHistory(
      states: Int(states), memory: UnsafeMutableRawBufferPointer(start: memory, count: needed))
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_state_count(_ task: OpaquePointer?) -> Int32 {
  unsafe count(task) { task in task.stateCount }
}

@unsafe @c @implementation
public func tinynn_task_keep_state(_ task: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state in
    state.task.keepState()
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_task_undo(_ task: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: task, TaskState.self) { state throws(DeviceTaskError) in
    try state.task.undo()
    return code(TINYNN_OK)
  }
}
