public import CInterfaceHeader
import FewShot
import TinyNN

@unsafe @c @implementation
public func tinynn_model_decoded_side(_ model: OpaquePointer?) -> Int32 {
  var side: Int32 = 0
  let status = unsafe withState(of: model, ModelState.self) { model in
    guard let preprocessing = model.photos.preprocessing else { return model.photos.status }
    side = Int32(truncatingIfNeeded: preprocessing.decodedShortSide)
    return code(TINYNN_OK)
  }
  return status == TINYNN_OK ? side : -status
}

extension tinynn_photo {
  func size() throws(PreprocessingError) -> PhotoSize {
    // Numbers: what the structure points to is not touched.
    try unsafe PhotoSize(height: Int(height), width: Int(width), reduction: Int(reduction))
  }
}

/// Whether learning has so many views of a photo.
private func isViewCount(_ views: Int32) -> Bool { views >= 1 && Int(views) <= View.averagedCount }

/// Scratch memory: of preprocessing, and after it of the network's input and a view of it.
private func scratchByteCount(
  _ preprocessing: Preprocessing, _ photo: PhotoSize, views: Int32
) throws(PreprocessingError) -> Int {
  let loading = try preprocessing.scratchByteCount(photo: photo)
  return views == 1 ? loading : max(loading, 2 * Format.aligned(4 * preprocessing.outputCount))
}

@unsafe @c @implementation
public func tinynn_embed_photo_scratch_bytes(
  _ model: OpaquePointer?, _ photo: UnsafePointer<tinynn_photo>?, _ views: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { model throws(PreprocessingError) in
    guard let photo = unsafe photo, let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard isViewCount(views) else { return code(TINYNN_OUT_OF_RANGE) }
    guard let preprocessing = model.photos.preprocessing else { return model.photos.status }
    unsafe byte_count.pointee = try scratchByteCount(preprocessing, photo.pointee.size(), views: views)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_session_embed_photo(
  _ session: OpaquePointer?, _ photo: UnsafePointer<tinynn_photo>?, _ views: Int32, _ scratch: UnsafeMutableRawPointer?,
  _ scratch_bytes: Int, _ embedding: UnsafeMutablePointer<Float>?, _ count: Int
) -> tinynn_status {
  unsafe withMutableState(of: session, SessionState.self) { state throws(PreprocessingError) in
    guard let preprocessing = state.photos.preprocessing else { return state.photos.status }
    guard let photo = unsafe photo?.pointee, let pixels = unsafe photo.pixels, let embedding = unsafe embedding else {
      return code(TINYNN_NULL_POINTER)
    }
    guard isViewCount(views) else { return code(TINYNN_OUT_OF_RANGE) }
    guard unsafe photo.pixel_bytes >= 0 && photo.row_stride >= 0 else { return code(TINYNN_PIXELS_TOO_FEW) }
    guard count == state.session.model.embeddingDimension else { return code(TINYNN_WRONG_COUNT) }
    let size = unsafe try photo.size()
    let checked = unsafe check(
      scratch, scratch_bytes, needed: try scratchByteCount(preprocessing, size, views: views))
    guard checked == TINYNN_OK, let scratch = unsafe scratch else { return checked }
    // The caller's memory, during this call.
    let span = unsafe Span(_unsafeStart: pixels, count: photo.pixel_bytes)
    var work = unsafe MutableRawSpan(_unsafeStart: scratch, byteCount: max(0, scratch_bytes))
    unsafe try state.session.load(
      pixels: span, photo: size, rowStride: photo.row_stride, preprocessing: preprocessing, scratch: &work)
    // The caller's memory, of which the count was compared with the network's.
    let mean = unsafe Elements<Float>(UnsafeMutableRawPointer(embedding), count: count)
    if views == 1 {
      state.session.run()
      state.session.copyValues(ofTensor: state.session.model.output(0), to: mean)
    } else {
      // Inside the scratch memory, which was compared with the size of both.
      let input = unsafe Elements<Float>(scratch, count: preprocessing.outputCount)
      let view = unsafe Elements<Float>(
        scratch + Format.aligned(4 * preprocessing.outputCount), count: preprocessing.outputCount)
      state.session.embedViews(Int(views), preprocessing, input: input, view: view, to: mean)
    }
    for index in 0..<count where !mean[index].isFinite { return code(TINYNN_NOT_FINITE) }
    return code(TINYNN_OK)
  }
}

extension Session {
  /// Writes the mean embedding of the first `views` of `View.init(averaged:)` of the photo that is loaded. `input` and `view` have
  /// room for the network's input.
  fileprivate mutating func embedViews(
    _ views: Int, _ preprocessing: Preprocessing, input values: Elements<Float>, view: Elements<Float>, to mean: Elements<Float>
  ) {
    copyValues(ofTensor: model.input(0), to: values)
    for index in 0..<mean.count { mean[index] = 0 }
    for index in 0..<views {
      if index > 0 { View(averaged: index).render(values, preprocessing, to: view) }
      setInput(index == 0 ? values : view)
      run()
      let found = output().floats
      for column in 0..<mean.count { mean[column] = mean[column] + found[column] }
    }
    for column in 0..<mean.count { mean[column] = mean[column] / Float(views) }
  }
}

// MARK: Threads

@unsafe @c @implementation
public func tinynn_session_threads_required_bytes(
  _ model: OpaquePointer?, _ threads: Int32, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { model throws(ModelError) in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard isThreadCount(threads) else { return code(TINYNN_OUT_OF_RANGE) }
    let plan = try InferencePlan(for: model.model, threads: Int(threads))
    unsafe byte_count.pointee = handleByteCount(SessionState.self) + plan.arenaByteCount
    return code(TINYNN_OK)
  }
}

private func isThreadCount(_ threads: Int32) -> Bool { threads >= 1 && threads <= 1024 }

@unsafe @c @implementation
public func tinynn_session_open_threads(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ model: OpaquePointer?, _ kernels: Int32,
  _ workers: UnsafePointer<tinynn_workers>?, _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { model throws(ModelError) in
    guard let workers = unsafe workers?.pointee, let run = unsafe workers.run else { return code(TINYNN_NULL_POINTER) }
    guard unsafe isThreadCount(workers.count) else { return code(TINYNN_OUT_OF_RANGE) }
    let plan = unsafe try InferencePlan(for: model.model, threads: Int(workers.count))
    // The same function; Swift knows that what it passes is never null.
    let team = unsafe Workers(count: Int(workers.count), pool: workers.pool, run: unsafeBitCast(run, to: Workers.Run.self))
    return unsafe try open(memory, memory_bytes, model, plan, kernels, team, session)
  }
}
