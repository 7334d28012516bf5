public import CInterfaceHeader
import FewShot
import TinyNN

@c @implementation
public func tinynn_model_required_bytes() -> Int { handleByteCount(ModelState.self) }

@unsafe @c @implementation
public func tinynn_model_open(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ file: UnsafeRawPointer?, _ file_bytes: Int,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<tinynn_error>?
) -> tinynn_status {
  // Pointers are the caller's, checked for null; the header says what they must point to.
  let checked = unsafe check(memory, memory_bytes, needed: handleByteCount(ModelState.self))
  guard checked == TINYNN_OK else { return unsafe refuse(ModelError(.truncated), checked, error) }
  guard let memory = unsafe memory, let file = unsafe file, let model = unsafe model else {
    return unsafe refuse(ModelError(.truncated), code(TINYNN_NULL_POINTER), error)
  }
  guard file_bytes >= 0 else { return unsafe refuse(ModelError(.wrongLength), code(TINYNN_FILE_WRONG_LENGTH), error) }
  let opened: ModelState
  do { opened = try open(unsafe ByteRegion(file, count: file_bytes)) } catch let refusal {
    return unsafe refuse(refusal, refusal.status, error)
  }
  unsafe model.pointee = place(opened, at: memory)
  return code(TINYNN_OK)
}

private func open(_ bytes: ByteRegion) throws(ModelError) -> ModelState {
  let model = try Model(validating: bytes)
  return ModelState(model: model, photos: Photos(model), plan: try InferencePlan(for: model))
}

@unsafe
private func refuse(
  _ refusal: ModelError, _ status: tinynn_status, _ error: UnsafeMutablePointer<tinynn_error>?
) -> tinynn_status {
  // The caller's, checked for null.
  unsafe error?.pointee = tinynn_error(
    status: status, operator_index: Int32(truncatingIfNeeded: refusal.operatorIndex), byte_offset: max(0, refusal.byteOffset),
    found: refusal.found, needed: refusal.needed)
  return status
}

@unsafe @c @implementation
public func tinynn_model_info_get(_ model: OpaquePointer?, _ info: UnsafeMutablePointer<tinynn_model_info>?) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { opened throws(ModelError) in
    guard let info = unsafe info else { return code(TINYNN_NULL_POINTER) }
    unsafe info.pointee = try describe(opened)
    return code(TINYNN_OK)
  }
}

private func describe(_ opened: borrowing ModelState) throws(ModelError) -> tinynn_model_info {
  let model = opened.model
  var (classes, examples): (Int, Int) = (0, 0)
  if model.has(.classes) {
    let view = try ClassesView(model)
    (classes, examples) = (view.count, try ExamplesView(model, classes: view).count)
  }
  return tinynn_model_info(
    file_bytes: model.bytes.count, checksum: model.checksum,
    input_height: Int32(truncatingIfNeeded: opened.photos.preprocessing?.inputHeight ?? 0),
    input_width: Int32(truncatingIfNeeded: opened.photos.preprocessing?.inputWidth ?? 0),
    dimension: Int32(truncatingIfNeeded: model.embeddingDimension), operator_count: Int32(truncatingIfNeeded: model.operatorCount),
    class_count: Int32(truncatingIfNeeded: classes), example_count: Int32(truncatingIfNeeded: examples))
}
