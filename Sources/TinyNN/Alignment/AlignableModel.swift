/// A convolution whose output channels can be aligned: mean and variance of its results before the activation are brought to
/// given ones by a factor and an addend per channel, which fold into its own weights.
public struct AlignmentPoint: Sendable {
  /// Place in the order of execution.
  public let operatorIndex: Int
  /// The model's tensor that it writes, [1, height, width, channels].
  public let outputTensor: Int
  public let channelCount: Int
  public let pixelCount: Int
}

/// A model in memory that can be written, whose convolutions can be aligned one after the other, in float32 and in int8 alike.
///
/// Aligning the moments of each channel is what re-estimating the statistics of batch normalisation does (Nado et al. 2020,
/// Schneider et al. 2020), for networks in which it is folded away. The result has the same operators, the same plan and the
/// same cost.
@safe public struct AlignableModel {
  public let model: Model
  private let bytes: Elements<UInt8>

  /// - Parameter bytes: a copy of a .tnn file at a multiple of 64, which the caller keeps and nobody else writes.
  @unsafe public init(_ bytes: UnsafeMutableRawBufferPointer) throws(ModelError) {
    // An empty buffer is refused by the check that follows.
    self.bytes = unsafe Elements(bytes.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 64)!, count: bytes.count)
    unsafe model = try Model(validating: ByteRegion(UnsafeRawBufferPointer(bytes)))
  }

  /// Nil for operators that are no convolutions of one image, or share their weights with another one, and where a channel has one
  /// pixel: too little to measure.
  public func point(_ index: Int) -> AlignmentPoint? {
    let record = model.operatorRecord(index)
    guard model.weightForm(of: record)?.window != nil,
      let output = model.operand(record, record.inputCount), !model.sharesWeights(ofOperator: index)
    else { return nil }
    let shape = model.tensor(output).type.shape
    guard shape.rank == 4, shape[0] == 1, shape[1] * shape[2] > 1 else { return nil }
    return AlignmentPoint(operatorIndex: index, outputTensor: output, channelCount: shape[3], pixelCount: shape[1] * shape[2])
  }

  /// From now on the operator's results come out before its activation; in int8 with steps so wide that they are not cut off.
  public func expose(_ point: AlignmentPoint) {
    let record = model.operatorRecord(point.operatorIndex)
    let place = activationOffset(record)
    store(Activation.Function.none.rawValue, at: place)
    let tensor = model.tensor(point.outputTensor)
    guard let map = tensor.quantization else { return }
    let factor: Float = 4
    store(map.scale * factor, at: model.tensorOffset(point.outputTensor) + Format.TensorField.scale)
    store(Int32(0), at: model.tensorOffset(point.outputTensor) + Format.TensorField.zeroPoint)
    eachChannel(record) { _, place in
      let multiplier = constantOffset(record, 3) + 4 * place
      store(model.bytes.load(Float.self, at: multiplier) / factor, at: multiplier)
    }
  }

  /// Undoes `expose`, before `fold`. `original`: the file that this model is a copy of.
  public func restore(_ point: AlignmentPoint, from original: Model) {
    let record = model.operatorRecord(point.operatorIndex)
    copy(4, at: activationOffset(record), from: original)
    guard model.tensor(point.outputTensor).quantization != nil else { return }
    copy(4, at: model.tensorOffset(point.outputTensor) + Format.TensorField.scale, from: original)
    copy(4, at: model.tensorOffset(point.outputTensor) + Format.TensorField.zeroPoint, from: original)
    eachChannel(record) { _, place in copy(4, at: constantOffset(record, 3) + 4 * place, from: original) }
  }

  /// Multiplies the results of `channel` before the activation by `factor`, which is positive, and adds `addend`.
  public func fold(_ point: AlignmentPoint, channel: Int, factor: Float, addend: Float) {
    let record = model.operatorRecord(point.operatorIndex)
    guard let places = model.weightLayout(of: record) else { return }
    let place = places.place(channel)
    let bias = constantOffset(record, 2) + 4 * place
    if let map = model.tensor(point.outputTensor).quantization {
      // real = output scale x multiplier x (sum + bias)
      let multiplier = constantOffset(record, 3) + 4 * place
      let scaled = model.bytes.load(Float.self, at: multiplier) * factor
      store(scaled, at: multiplier)
      let steps = Double(addend) / (Double(scaled) * Double(map.scale)) + Double(Int(model.bytes.load(Int32.self, at: bias)))
      let limited = steps < -0x1p30 ? -0x1p30 : steps > 0x1p30 ? 0x1p30 : steps
      store(Int32(truncatingIfNeeded: Int(limited.rounded(.toNearestOrEven))), at: bias)
      return
    }
    let weights = constantOffset(record, 1)
    places.forEach(channel: channel) { float, _ in
      store(model.bytes.load(Float.self, at: weights + 4 * float) * factor, at: weights + 4 * float)
    }
    store(model.bytes.load(Float.self, at: bias) * factor + addend, at: bias)
  }

  /// Ends the changes: writes the checksum.
  public func seal() {
    // The span does not leave this function.
    var span = unsafe MutableRawSpan(_unsafeStart: bytes.base, byteCount: bytes.count)
    Checksum.seal(&span)
  }

  /// Where the activation's code is: the attributes of an operator that takes an activation end with it.
  private func activationOffset(_ record: OperatorRecord) -> Int {
    model[.attributes].offset + record.attributeOffset + record.attributeByteCount - Activation.encodedByteCount
  }

  private func constantOffset(_ record: OperatorRecord, _ input: Int) -> Int {
    model[.weights].offset + model.tensor(model.operand(record, input) ?? 0).dataOffset
  }

  private func eachChannel(_ record: OperatorRecord, _ body: (_ channel: Int, _ place: Int) -> Void) {
    guard let places = model.weightLayout(of: record) else { return }
    for channel in 0..<places.channels { body(channel, places.place(channel)) }
  }

  private func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= bytes.count)
    // In bounds, and the caller's promise: nobody else writes here. All places are multiples of 4.
    unsafe UnsafeMutableRawPointer(bytes.base + offset).assumingMemoryBound(to: T.self).pointee = value
  }

  private func copy(_ count: Int, at offset: Int, from original: Model) {
    for i in stride(from: offset, to: offset + count, by: 4) { store(original.bytes.word(i), at: i) }
  }
}
