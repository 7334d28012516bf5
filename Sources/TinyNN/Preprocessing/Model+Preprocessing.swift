extension Model {
  /// How photos become input 0, or nil if the file does not say.
  ///
  /// Throws `preprocessingMalformed` at the refused field, or at the section where its result is not the shape of input 0,
  /// [1, inputHeight, inputWidth, 3].
  public func preprocessing() throws(ModelError) -> Preprocessing? {
    guard has(.preprocessing) else { return nil }
    let section = section(.preprocessing), start = offset(of: .preprocessing)
    guard section.count == Preprocessing.recordByteCount else {
      throw ModelError(.preprocessingMalformed, at: start, found: section.count, needed: Preprocessing.recordByteCount)
    }
    let result: Preprocessing
    do {
      // The section is inside the file's bytes, which outlive this call.
      result = try Preprocessing(record: unsafe RawSpan(_unsafeStart: section.base, byteCount: section.count))
    } catch .invalidField(let field) {
      throw ModelError(.preprocessingMalformed, at: start + field.recordOffset)
    } catch {
      throw ModelError(.preprocessingMalformed, at: start)
    }
    let type = tensor(input(0)).type
    guard inputCount == 1, type.elementType == .float32 || type.elementType == .int8,
      type.shape == Shape(1, result.inputHeight, result.inputWidth, 3)
    else {
      throw ModelError(.preprocessingMalformed, at: start, found: type.shape.count, needed: result.outputCount)
    }
    return result
  }
}

extension Session {
  /// Turns a photo into input 0. `preprocessing` is the model's own (`Model.preprocessing()`); see `Preprocessing.run` for the
  /// other parameters and the errors.
  @_lifetime(scratch: copy scratch)
  public mutating func load(
    pixels: Span<UInt8>, photo: PhotoSize, rowStride: Int, preprocessing: Preprocessing, scratch: inout MutableRawSpan
  ) throws(PreprocessingError) {
    let tensor = input(0)
    if !OperatorSelection.hasFloat || tensor.elementType == .int8 {
      let input = tensor.int8s
      // The arena is this session's alone, and the span does not leave this function.
      var output = unsafe MutableSpan(_unsafeStart: input.base, count: input.count)
      try preprocessing.run(pixels: pixels, photo: photo, rowStride: rowStride, output: &output, tensor.map, scratch: &scratch)
      return
    }
    let input = tensor.floats
    // As above.
    var output = unsafe MutableSpan(_unsafeStart: input.base, count: input.count)
    try preprocessing.run(pixels: pixels, photo: photo, rowStride: rowStride, output: &output, scratch: &scratch)
  }
}
