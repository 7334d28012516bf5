public import CInterfaceHeader
import TinyNN

@unsafe @c @implementation
public func tinynn_session_required_bytes(_ model: OpaquePointer?, _ byte_count: UnsafeMutablePointer<Int>?) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { model in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    unsafe byte_count.pointee = handleByteCount(SessionState.self) + model.plan.arenaByteCount
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_session_arena_bytes(_ model: OpaquePointer?, _ byte_count: UnsafeMutablePointer<Int>?) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { model in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    unsafe byte_count.pointee = model.plan.arenaByteCount
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_session_open(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ model: OpaquePointer?, _ kernels: Int32,
  _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { model throws(ModelError) in
    unsafe try open(memory, memory_bytes, model, model.plan, kernels, .none, session)
  }
}

/// Makes a session of `plan`.
///
/// Unsafe: the memory and the workers are the caller's promise.
@unsafe
func open(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ model: ModelState, _ plan: InferencePlan, _ kernels: Int32,
  _ workers: Workers, _ session: UnsafeMutablePointer<OpaquePointer?>?
) throws(ModelError) -> tinynn_status {
  guard let session = unsafe session else { return code(TINYNN_NULL_POINTER) }
  let start = handleByteCount(SessionState.self), arena = plan.arenaByteCount
  let checked = unsafe check(memory, memory_bytes, needed: start + arena)
  guard checked == TINYNN_OK, let memory = unsafe memory else { return checked }
  guard let kernels = chosen(kernels) else { return code(TINYNN_NO_SUCH_KERNELS) }
  // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
  let made = unsafe SessionState(
    session: try Session(
      model.model, plan, arena: UnsafeMutableRawBufferPointer(start: memory + start, count: arena), kernels: kernels,
      workers: workers),
    photos: model.photos)
  unsafe session.pointee = place(made, at: memory)
  return code(TINYNN_OK)
}

private func chosen(_ kernels: Int32) -> Kernels? {
  if kernels == TINYNN_KERNELS_BEST { return .best }
  guard kernels >= 0, kernels < 256, let set = InstructionSet(rawValue: UInt8(truncatingIfNeeded: kernels)) else { return nil }
  return Kernels(instructionSet: set)
}

@unsafe @c @implementation
public func tinynn_session_input(
  _ session: OpaquePointer?, _ index: Int32, _ tensor: UnsafeMutablePointer<tinynn_tensor>?
) -> tinynn_status {
  unsafe withState(of: session, SessionState.self) { state in
    guard let tensor = unsafe tensor else { return code(TINYNN_NULL_POINTER) }
    guard index >= 0, Int(index) < state.session.model.inputCount else { return code(TINYNN_OUT_OF_RANGE) }
    unsafe tensor.pointee = describe(state.session.input(Int(index)))
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_session_output(
  _ session: OpaquePointer?, _ index: Int32, _ tensor: UnsafeMutablePointer<tinynn_tensor>?
) -> tinynn_status {
  unsafe withState(of: session, SessionState.self) { state in
    guard let tensor = unsafe tensor else { return code(TINYNN_NULL_POINTER) }
    guard index >= 0, Int(index) < state.session.model.outputCount else { return code(TINYNN_OUT_OF_RANGE) }
    unsafe tensor.pointee = describe(state.session.output(Int(index)))
    return code(TINYNN_OK)
  }
}

private func describe(_ tensor: Tensor) -> tinynn_tensor {
  func extent(_ axis: Int) -> Int32 { axis < tensor.shape.rank ? Int32(truncatingIfNeeded: tensor.shape[axis]) : 0 }
  // The arena outlives the session by the caller's promise.
  return unsafe tinynn_tensor(
    data: tensor.int8s.address, count: tensor.shape.count, element_type: Int32(tensor.elementType.rawValue),
    rank: Int32(truncatingIfNeeded: tensor.shape.rank),
    extents: (extent(0), extent(1), extent(2), extent(3), extent(4), extent(5)),
    scale: tensor.quantization?.scale ?? 1, zero_point: tensor.quantization?.zeroPoint ?? 0)
}

@unsafe @c @implementation
public func tinynn_session_run(_ session: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: session, SessionState.self) { state in
    state.session.run()
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_session_run_operator(_ session: OpaquePointer?, _ index: Int32) -> tinynn_status {
  unsafe withMutableState(of: session, SessionState.self) { state in
    guard index >= 0, Int(index) < state.session.model.operatorCount else { return code(TINYNN_OUT_OF_RANGE) }
    state.session.runOperator(Int(index))
    return code(TINYNN_OK)
  }
}

// MARK: Photos

@unsafe @c @implementation
public func tinynn_embed_scratch_bytes(
  _ model: OpaquePointer?, _ height: Int32, _ width: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { model throws(PreprocessingError) in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard let preprocessing = model.photos.preprocessing else { return model.photos.status }
    unsafe byte_count.pointee = try preprocessing.scratchByteCount(photo: PhotoSize(height: Int(height), width: Int(width)))
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_session_load_photo(
  _ session: OpaquePointer?, _ pixels: UnsafePointer<UInt8>?, _ pixel_bytes: Int, _ height: Int32, _ width: Int32,
  _ row_stride: Int, _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: Int
) -> tinynn_status {
  unsafe withMutableState(of: session, SessionState.self) { state throws(PreprocessingError) in
    guard let preprocessing = state.photos.preprocessing else { return state.photos.status }
    guard let pixels = unsafe pixels, let scratch = unsafe scratch else { return code(TINYNN_NULL_POINTER) }
    guard unsafe isAligned(scratch) else { return code(TINYNN_MISALIGNED) }
    guard pixel_bytes >= 0, row_stride >= 0 else { return code(TINYNN_PIXELS_TOO_FEW) }
    let size = try PhotoSize(height: Int(height), width: Int(width))
    // The caller's memory, during this call.
    let span = unsafe Span(_unsafeStart: pixels, count: pixel_bytes)
    var work = unsafe MutableRawSpan(_unsafeStart: scratch, byteCount: max(0, scratch_bytes))
    try state.session.load(pixels: span, photo: size, rowStride: row_stride, preprocessing: preprocessing, scratch: &work)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_session_embed(
  _ session: OpaquePointer?, _ pixels: UnsafePointer<UInt8>?, _ pixel_bytes: Int, _ height: Int32, _ width: Int32,
  _ row_stride: Int, _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: Int
) -> tinynn_status {
  let loaded = unsafe tinynn_session_load_photo(
    session, pixels, pixel_bytes, height, width, row_stride, scratch, scratch_bytes)
  return loaded == TINYNN_OK ? unsafe tinynn_session_run(session) : loaded
}
