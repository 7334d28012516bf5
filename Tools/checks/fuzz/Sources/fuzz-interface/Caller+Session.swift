import CInterface
import CInterfaceHeader

extension Caller {
  mutating func openSession() {
    let model = handle(.model)
    var (needed, session): (Int, OpaquePointer?) = (0, nil)
    check(tinynn_session_required_bytes(model, &needed))
    let count = program.size(needed, limit: Caller.byteLimit), kernels = program.byte() < 128 ? -1 : program.integer()
    let status = tinynn_session_open(memory(count), count, model, kernels, &session)
    if status == TINYNN_OK { precondition(count >= needed) }
    add(session, .session, status)
  }

  /// Writes an input and reads an output, as wide as they say they are.
  mutating func useTensors() {
    let session = handle(.session), index = program.byte() < 192 ? 0 : program.integer()
    var tensor = tinynn_tensor()
    var status = given(&tensor) { tinynn_session_input(session, index, $0) }
    check(status)
    if status == TINYNN_OK, tensor.element_type == TINYNN_FLOAT32, let data = tensor.data {
      let values = data.assumingMemoryBound(to: Float.self)
      for place in 0..<tensor.count { values[place] = place < 16 ? program.float() : Float(place % 7) }
    }
    tensor = tinynn_tensor()
    status = given(&tensor) { tinynn_session_output(session, index, $0) }
    check(status)
    if status == TINYNN_OK, tensor.element_type == TINYNN_FLOAT32, let data = tensor.data {
      let values = data.assumingMemoryBound(to: Float.self)
      var sum: Float = 0
      for place in 0..<tensor.count { sum += values[place] }
      withExtendedLifetime(sum) {}
    }
  }

  mutating func runSession() {
    let session = handle(.session)
    check(program.byte() < 160 ? tinynn_session_run(session) : tinynn_session_run_operator(session, program.integer()))
  }

  mutating func embedPhoto() {
    let model = handle(.model), session = handle(.session)
    let (height, width) = (program.integer(), program.integer())
    var needed = 0
    check(given(&needed) { tinynn_embed_scratch_bytes(model, height, width, $0) })
    let side = { (value: Int32) in Int(max(0, min(64, value))) }
    let stride = program.size(3 * side(width), limit: 256)
    let count = program.size(max(0, side(height) - 1) * stride + 3 * side(width), limit: 1 << 16)
    let scratchCount = program.size(needed, limit: Caller.byteLimit)
    let pixels = memory(count)?.assumingMemoryBound(to: UInt8.self), scratch = memory(scratchCount)
    let embed = program.byte() < 128 ? tinynn_session_embed : tinynn_session_load_photo
    let status = embed(session, pixels, count, height, width, stride, scratch, scratchCount)
    check(status)
  }
}
