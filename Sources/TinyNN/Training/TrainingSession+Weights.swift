// float32 weights from the file, and back into it.
extension TrainingSession {
  /// Fills `target` with the file's weights (1) or bias (2) of an operator, in real values.
  func loadWeights(_ index: Int, _ input: Int, into target: Elements<Float>) {
    guard layout.tail.isInt8(index) else { return copy(constant(index, input).floats, to: target) }
    guard let places = model.weightLayout(of: layout.tail.record(index)) else { return }
    let weights = constant(index, 1).int8s, multipliers = constant(index, 3).floats
    let (from, to) = maps(index)
    for i in 0..<target.count { target[i] = 0 }
    for channel in 0..<places.channels {
      let place = places.place(channel)
      // multiplier = input scale x weight scale / output scale
      let unit = Double(multipliers[place]) * Double(to.scale)
      if input == 1 {
        let scale = Float(unit / Double(from.scale))
        places.forEach(channel: channel) { float, int8 in target[float] = scale * smallFloat(Int32(weights[int8])) }
      } else {
        // The zero point that the file has subtracted comes back.
        let folded = places.foldsZeroPoint ? Int(from.zeroPoint) * places.sum(weights, channel: channel) : 0
        target[place] = Float(unit * Double(Int(constant(index, 2).int32s[place]) + folded))
      }
    }
  }

  /// Rounds the weights of an int8 network's tail to their int8 steps, in the copy that the passes use.
  func roundWeights() {
    for index in 0..<layout.tail.count where layout.tensors.hasRoundedCopy(index, input: 1) {
      guard let places = model.weightLayout(of: layout.tail.record(index)) else { continue }
      let weights = master(index, 1), bias = master(index, 2), (from, _) = maps(index)
      let rounded: Elements<Float> = arena.elements(
        at: layout.tensors.blocks[layout.tensors.slot(index, input: 1)] + layout.tensors.stride(weights.count), count: weights.count
      )
      for i in 0..<rounded.count { rounded[i] = 0 }
      for channel in 0..<places.channels {
        let scale = places.scale(weights, bias: bias, inputScale: from.scale, channel: channel)
        places.forEach(channel: channel) { float, _ in rounded[float] = scale * smallFloat(Int32(int8Weight(weights[float], scale)))
        }
      }
    }
  }

  /// Writes what was trained into `file`, a copy of the model's bytes: weights and biases, in int8 networks their int8 form with
  /// new scales, and the checksum of the header.
  public func write(into file: inout MutableRawSpan) {
    write(into: &file, weightsAt: model[.weights].offset)
    Checksum.seal(&file)
  }

  /// Writes what was trained into a file with a copy of the model's weights section at `start`; not the checksum.
  public func write(into file: inout MutableRawSpan, weightsAt start: Int) {
    for index in 0..<layout.tail.count where layout.tail.isActive[index] {
      if layout.tail.isInt8(index) {
        if layout.tail.trains(index, input: 1) || layout.tail.trains(index, input: 2) { writeInt8(index, into: &file, start) }
      } else {
        for input in 1...2 where layout.tail.trains(index, input: input) {
          let values = master(index, input), place = start + offset(index, input)
          for i in 0..<values.count { file.store(values[i], at: place + 4 * i) }
        }
      }
    }
  }

  private func writeInt8(_ index: Int, into file: inout MutableRawSpan, _ section: Int) {
    guard let places = model.weightLayout(of: layout.tail.record(index)) else { return }
    let weights = master(index, 1), bias = master(index, 2), (from, to) = maps(index)
    for channel in 0..<places.channels {
      let scale = places.scale(weights, bias: bias, inputScale: from.scale, channel: channel)
      let place = places.place(channel), start = section + offset(index, 1)
      var sum = 0
      places.forEach(channel: channel) { float, int8 in
        let q = int8Weight(weights[float], scale)
        file.store(q, at: start + int8)
        sum += Int(q)
      }
      // To the nearest integer, ties to even, for everything below 2^51: not every target has an instruction for it.
      let steps = (Double(bias[place]) / (Double(from.scale) * Double(scale)) + 0x1.8p52) - 0x1.8p52
      let folded = places.foldsZeroPoint ? Int(from.zeroPoint) * sum : 0
      // Training that has diverged leaves no number.
      let limited = steps.magnitude < 2e9 ? Int(steps) : 0
      file.store(Int32(truncatingIfNeeded: limited &- folded), at: section + offset(index, 2) + 4 * place)
      file.store(Float(Double(from.scale) * Double(scale) / Double(to.scale)), at: section + offset(index, 3) + 4 * place)
    }
  }

  private func int8Weight(_ value: Float, _ scale: Float) -> Int8 {
    quantized(value / scale, zeroPoint: 0, minimum: -127, maximum: 127)
  }

  private func operand(_ index: Int, _ position: Int) -> Int { model.operand(layout.tail.record(index), position) ?? 0 }
  private func constant(_ index: Int, _ input: Int) -> Tensor { arena.tensor(operand(index, input), of: model) }

  /// Where the bytes of a constant are in the weights section.
  private func offset(_ index: Int, _ input: Int) -> Int { model.tensor(operand(index, input)).dataOffset }

  /// The maps of an int8 operator's input and output.
  private func maps(_ index: Int) -> (from: Quantization, to: Quantization) {
    let none = Quantization(scale: 1, zeroPoint: 0)
    return (
      model.tensor(operand(index, 0)).quantization ?? none, model.tensor(layout.tail.outputTensor(index)).quantization ?? none
    )
  }
}
