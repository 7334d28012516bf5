// The plan in the file is an assertion about lifetimes and places; here it is proved before anything runs.
extension Model {
  func checkPlan() throws(ModelError) {
    let activationByteCount = activationByteCount
    guard activationByteCount >= 0, activationByteCount <= Int(Int32.max) else {
      throw ModelError(.planOutOfBounds, at: self[.plan].offset, found: activationByteCount)
    }
    for tensor in 0..<tensorCount where self.tensor(tensor).storage == .arena { try checkPlacement(tensor, activationByteCount) }
    for index in 0..<inputCount where tensor(input(index)).storage == .arena {
      guard placement(input(index)).first == 0, !isProduced(input(index), by: 0) else {
        throw ModelError(.planLifetime, at: planOffset(input(index)), found: placement(input(index)).first)
      }
    }
    for index in 0..<outputCount {
      let output = output(index)
      guard tensor(output).storage == .arena, placement(output).last == operatorCount else {
        throw ModelError(.planLifetime, at: planOffset(output), found: placement(output).last, needed: operatorCount)
      }
      guard isInput(output) || isProduced(output, by: placement(output).first) else {
        throw ModelError(.tensorNeverProduced, at: tensorOffset(output), found: output)
      }
    }
    for index in 0..<operatorCount { try checkLifetimes(ofOperator: index) }
    try checkOverlaps()
  }

  private func planOffset(_ tensor: Int) -> Int {
    self[.plan].offset + Format.planHeaderByteCount + tensor * Format.planRecordByteCount
  }

  private func checkPlacement(_ tensor: Int, _ activationByteCount: Int) throws(ModelError) {
    let place = placement(tensor)
    let byteCount = self.tensor(tensor).byteCount
    guard place.offset >= 0, place.offset % Format.alignment == 0, place.offset <= activationByteCount,
      byteCount <= activationByteCount - place.offset
    else { throw ModelError(.planOutOfBounds, at: planOffset(tensor), found: place.offset, needed: activationByteCount) }
    guard place.first <= place.last, place.last <= operatorCount else {
      throw ModelError(.planLifetime, at: planOffset(tensor), found: place.first, needed: place.last)
    }
  }

  private func isInput(_ tensor: Int) -> Bool {
    for index in 0..<inputCount where input(index) == tensor { return true }
    return false
  }

  private func isProduced(_ tensor: Int, by index: Int) -> Bool {
    guard index < operatorCount else { return false }
    let record = operatorRecord(index)
    for position in 0..<record.outputCount where operand(record, record.inputCount + position) == tensor { return true }
    return false
  }

  /// Every input is a constant, an input of the network, or written by an earlier operator, and lives until here; every
  /// output is born here. A cycle cannot pass this check.
  private func checkLifetimes(ofOperator index: Int) throws(ModelError) {
    let record = operatorRecord(index)
    let offset = operatorOffset(index)
    for position in 0..<record.inputCount + record.outputCount {
      guard let tensor = operand(record, position), self.tensor(tensor).storage == .arena else { continue }
      let place = placement(tensor)
      if position < record.inputCount {
        guard place.last >= index else {
          throw ModelError(.planLifetime, at: planOffset(tensor), operator: index, found: place.last, needed: index)
        }
        guard isInput(tensor) || (place.first < index && isProduced(tensor, by: place.first)) else {
          throw ModelError(.operandNotYetComputed, at: offset, operator: index, found: tensor)
        }
      } else {
        guard place.first == index, !isInput(tensor) else {
          throw ModelError(.tensorProducedTwice, at: offset, operator: index, found: tensor)
        }
        for other in position + 1..<record.inputCount + record.outputCount where operand(record, other) == tensor {
          throw ModelError(.tensorProducedTwice, at: offset, operator: index, found: tensor)
        }
      }
    }
  }

  private func checkOverlaps() throws(ModelError) {
    for a in 0..<tensorCount {
      let tensorA = tensor(a)
      guard tensorA.storage == .arena else { continue }
      let placeA = placement(a)
      for b in a + 1..<max(a + 1, tensorCount) {
        let placeB = placement(b)
        // Cheapest first: most pairs do not live at the same time.
        guard placeA.first <= placeB.last, placeB.first <= placeA.last else { continue }
        let tensorB = tensor(b)
        guard tensorB.storage == .arena, placeA.offset < placeB.offset + tensorB.byteCount,
          placeB.offset < placeA.offset + tensorA.byteCount
        else { continue }
        guard mayShare(a, placeA, b, placeB) || mayShare(b, placeB, a, placeA) else {
          throw ModelError(.planOverlap, at: planOffset(b), operator: max(placeA.first, placeB.first), found: a, needed: b)
        }
      }
    }
  }

  /// True if `input` dies in the operator that writes `output` over it in place, and that operator can do so.
  private func mayShare(_ input: Int, _ inputPlace: Placement, _ output: Int, _ outputPlace: Placement) -> Bool {
    guard inputPlace.last == outputPlace.first, inputPlace.offset == outputPlace.offset, !isInput(output),
      tensor(input).byteCount == tensor(output).byteCount, inputPlace.last < operatorCount
    else { return false }
    let record = operatorRecord(inputPlace.last)
    guard record.outputCount == 1, operand(record, record.inputCount) == output else { return false }
    // It can write over every one of its inputs that is this tensor.
    let operands = operands(of: record)
    for position in 0..<record.inputCount where operand(record, position) == input {
      guard (try? ask(record, RunsInPlace(over: position, of: operands))) == true else { return false }
    }
    return true
  }
}
