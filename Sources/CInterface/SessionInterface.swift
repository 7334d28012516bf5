public import CInterfaceHeader
import TinyNN

@unsafe @c @implementation
public func tinynn_session_required_bytes(_ model: OpaquePointer?, _ byte_count: UnsafeMutablePointer<Int>?) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(model, ModelState.self, &result) else { return result }
  guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
  unsafe byte_count.pointee = handleByteCount(SessionState.self) + state.pointee.state.plan.arenaByteCount
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_session_arena_bytes(_ model: OpaquePointer?, _ byte_count: UnsafeMutablePointer<Int>?) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(model, ModelState.self, &result) else { return result }
  guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
  unsafe byte_count.pointee = state.pointee.state.plan.arenaByteCount
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_session_open(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ model: OpaquePointer?, _ kernels: Int32,
  _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(model, ModelState.self, &result) else { return result }
  guard let session = unsafe session else { return code(TINYNN_NULL_POINTER) }
  let opened = unsafe state.pointee.state
  let start = handleByteCount(SessionState.self), arena = opened.plan.arenaByteCount
  result = unsafe check(memory, memory_bytes, needed: start + arena)
  guard result == TINYNN_OK, let memory = unsafe memory else { return result }
  guard let kernels = chosen(kernels) else { return code(TINYNN_NO_SUCH_KERNELS) }
  do {
    // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
    let made = unsafe SessionState(
      session: try Session(
        opened.model, opened.plan, arena: UnsafeMutableRawBufferPointer(start: memory + start, count: arena), kernels: kernels),
      photos: opened.photos)
    unsafe session.pointee = place(made, at: memory)
  } catch { return status(error) }
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
  var result = code(TINYNN_OK)
  guard let state = unsafe state(session, SessionState.self, &result) else { return result }
  guard let tensor = unsafe tensor else { return code(TINYNN_NULL_POINTER) }
  guard index >= 0, unsafe Int(index) < state.pointee.state.session.model.inputCount else { return code(TINYNN_OUT_OF_RANGE) }
  unsafe tensor.pointee = describe(state.pointee.state.session.input(Int(index)))
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_session_output(
  _ session: OpaquePointer?, _ index: Int32, _ tensor: UnsafeMutablePointer<tinynn_tensor>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(session, SessionState.self, &result) else { return result }
  guard let tensor = unsafe tensor else { return code(TINYNN_NULL_POINTER) }
  guard index >= 0, unsafe Int(index) < state.pointee.state.session.model.outputCount else { return code(TINYNN_OUT_OF_RANGE) }
  unsafe tensor.pointee = describe(state.pointee.state.session.output(Int(index)))
  return code(TINYNN_OK)
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
  var result = code(TINYNN_OK)
  guard let state = unsafe state(session, SessionState.self, &result) else { return result }
  unsafe state.pointee.state.session.run()
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_session_run_operator(_ session: OpaquePointer?, _ index: Int32) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(session, SessionState.self, &result) else { return result }
  guard index >= 0, unsafe Int(index) < state.pointee.state.session.model.operatorCount else { return code(TINYNN_OUT_OF_RANGE) }
  unsafe state.pointee.state.session.runOperator(Int(index))
  return code(TINYNN_OK)
}

// MARK: Photos

@unsafe @c @implementation
public func tinynn_embed_scratch_bytes(
  _ model: OpaquePointer?, _ height: Int32, _ width: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(model, ModelState.self, &result) else { return result }
  guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
  guard let preprocessing = unsafe state.pointee.state.photos.preprocessing else { return unsafe state.pointee.state.photos.status }
  do {
    let size = try PhotoSize(height: Int(height), width: Int(width))
    unsafe byte_count.pointee = try preprocessing.scratchByteCount(photo: size)
  } catch { return status(error) }
  return code(TINYNN_OK)
}

@unsafe @c @implementation
public func tinynn_session_load_photo(
  _ session: OpaquePointer?, _ pixels: UnsafePointer<UInt8>?, _ pixel_bytes: Int, _ height: Int32, _ width: Int32,
  _ row_stride: Int, _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: Int
) -> tinynn_status {
  var result = code(TINYNN_OK)
  guard let state = unsafe state(session, SessionState.self, &result) else { return result }
  guard let preprocessing = unsafe state.pointee.state.photos.preprocessing else { return unsafe state.pointee.state.photos.status }
  guard let pixels = unsafe pixels, let scratch = unsafe scratch else { return code(TINYNN_NULL_POINTER) }
  guard unsafe isAligned(scratch) else { return code(TINYNN_MISALIGNED) }
  guard pixel_bytes >= 0, row_stride >= 0 else { return code(TINYNN_PIXELS_TOO_FEW) }
  do {
    let size = try PhotoSize(height: Int(height), width: Int(width))
    // The caller's memory, during this call.
    let span = unsafe Span(_unsafeStart: pixels, count: pixel_bytes)
    var work = unsafe MutableRawSpan(_unsafeStart: scratch, byteCount: max(0, scratch_bytes))
    try unsafe state.pointee.state.session.load(
      pixels: span, photo: size, rowStride: row_stride, preprocessing: preprocessing, scratch: &work)
  } catch { return status(error) }
  return code(TINYNN_OK)
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
