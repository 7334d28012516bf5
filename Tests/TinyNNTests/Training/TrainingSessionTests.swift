import HostRuntime
import ModelCompiler
import Quantize
import TestSupport
import Testing
import TinyNN

/// A network like the end of an encoder, with a stem that stays frozen.
private func encoder() throws -> Graph {
  var b = NetworkBuilder(seed: 3)
  let stem = try b.convolution(b.input(1, 12, 12, 3), 8, window(3, 3, stride: 2, pad: (1, 1, 1, 1)), activation: .relu6)
  let expanded = try b.convolution(stem, 20, window(1, 1), activation: .relu6)
  let filtered = try b.depthwise(expanded, window(3, 3, pad: (1, 1, 1, 1)), activation: .relu6)
  let sum = try b.graph.add(Binary(.add), name: "residual", inputs: [stem, b.convolution(filtered, 8, window(1, 1))])
  return try b.finish(b.convolution(sum, 18, window(1, 1)))
}

private func random(_ count: Int, seed: UInt64) -> [Float] {
  var builder = NetworkBuilder(seed: seed)
  return builder.values(count, 1)
}

private func embed(_ file: [UInt8], _ photo: [Float]) throws -> [Float] {
  let encoder = try ModelRunner(bytes: file)
  photo.withUnsafeBufferPointer {
    encoder.session.setInput(Elements(UnsafeMutableRawPointer(mutating: $0.baseAddress!), count: $0.count))
  }
  encoder.session.run()
  let output = encoder.session.output().floats
  return (0..<output.count).map { output[$0] }
}

/// Runs the trunk on a photo and gives the tensor at the cut.
private func cut(_ file: [UInt8], _ plan: TrainingPlan, _ photo: [Float]) throws -> [Float] {
  let encoder = try ModelRunner(bytes: file)
  photo.withUnsafeBufferPointer {
    encoder.session.setInput(Elements(UnsafeMutableRawPointer(mutating: $0.baseAddress!), count: $0.count))
  }
  encoder.session.run(until: plan.options.firstOperator)
  let values = PatternedMemory(byteCount: 4 * plan.cutCount)
  encoder.session.copyValues(ofTensor: plan.cutTensor, to: Elements(values.bytes.baseAddress!, count: plan.cutCount))
  return Array(values.bytes.bindMemory(to: Float.self))
}

private final class Tail {
  let memory: PatternedMemory
  let model: Model
  let trainer: Trainer
  let photos: [[Float]]
  let file: [UInt8]

  init(_ file: [UInt8], _ options: TrainingOptions) throws {
    self.file = file
    memory = PatternedMemory(copying: file)
    model = try Model(validating: memory.region)
    trainer = try Trainer(model, options)
    photos = (0..<options.batch).map { random(12 * 12 * 3, seed: 40 + UInt64($0)) }
    for (i, photo) in photos.enumerated() {
      for (j, value) in try cut(file, trainer.plan, photo).enumerated() { trainer.session.cut(i)[j] = value }
    }
  }

  /// Pulls every embedding toward a fixed random target: returns half the squared distance.
  func step(_ rate: Float) -> Float {
    trainer.session.forward()
    var loss: Float = 0
    for i in photos.indices {
      let (embedding, gradient) = (trainer.session.embedding(i), trainer.session.embeddingGradient(i))
      let target = random(embedding.count, seed: 90 + UInt64(i))
      for j in 0..<embedding.count {
        gradient[j] = embedding[j] - target[j]
        loss += 0.5 * gradient[j] * gradient[j]
      }
    }
    trainer.session.backward()
    trainer.session.step(OptimizerStep(learningRate: rate))
    return loss
  }

  func embeddings() -> [[Float]] {
    trainer.session.forward()
    return photos.indices.map { i in (0..<trainer.session.embedding(i).count).map { trainer.session.embedding(i)[$0] } }
  }
}

@Suite struct TrainingSessionTests {
  private func float() throws -> [UInt8] { try encoder().lowered().finish() }

  private func int8() throws -> [UInt8] {
    let photos = (0..<32).map { random(12 * 12 * 3, seed: 200 + UInt64($0)) }
    return try encoder().quantized(CalibrationSet(inputs: photos), .fast).graph.lowered().finish()
  }

  @Test("An arena one byte too small, or misaligned, is refused with both sizes")
  func refusesSmallArenas() throws {
    let memory = PatternedMemory(copying: try float())
    let model = try Model(validating: memory.region)
    for batch in [1, 3] {
      for optimizer in [TrainingOptions.Optimizer.sgd, .adam] {
        let plan = try TrainingPlan(for: model, TrainingOptions(firstOperator: 1, batch: batch, optimizer: optimizer))
        let arena = PatternedMemory(byteCount: plan.arenaByteCount + 64)
        let small = #expect(throws: TrainingError.self) {
          _ = try TrainingSession(
            model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: arena.bytes[..<(plan.arenaByteCount - 1)]))
        }
        #expect(small?.reason == .arenaTooSmall && small?.found == plan.arenaByteCount - 1 && small?.needed == plan.arenaByteCount)
        let misaligned = #expect(throws: TrainingError.self) {
          _ = try TrainingSession(model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: arena.bytes[4...]))
        }
        #expect(misaligned?.reason == .arenaMisaligned)
        withExtendedLifetime(arena) {}
      }
    }
  }

  @Test("What the plan does not promise stays untouched")
  func staysInsideItsArena() throws {
    let memory = PatternedMemory(copying: try float())
    let model = try Model(validating: memory.region)
    let plan = try TrainingPlan(for: model, TrainingOptions(firstOperator: 1, batch: 2))
    let arena = PatternedMemory(byteCount: plan.arenaByteCount + 4096, pattern: 0x5A)
    var session = try TrainingSession(
      model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: arena.bytes[..<plan.arenaByteCount]))
    for i in 0..<plan.cutCount { (session.cut(0)[i], session.cut(1)[i]) = (1, -1) }
    session.forward()
    for i in 0..<session.embedding(0).count { (session.embeddingGradient(0)[i], session.embeddingGradient(1)[i]) = (1, 1) }
    session.backward()
    session.step(OptimizerStep(learningRate: 1e-3))
    session.adoptAverage()
    let touched = (plan.arenaByteCount..<plan.arenaByteCount + 4096).first { arena.bytes[$0] != 0x5A }
    #expect(touched == nil, "byte \(touched ?? 0) beyond the plan's \(plan.arenaByteCount)")
    withExtendedLifetime(arena) {}
  }

  @Test("The tail before training is the network's end", arguments: [false, true])
  func startsAsTheNetwork(isInt8: Bool) throws {
    let tail = try Tail(isInt8 ? int8() : float(), TrainingOptions(firstOperator: 1, batch: 3))
    for (photo, embedding) in zip(tail.photos, tail.embeddings()) {
      let expected = try embed(tail.file, photo)
      // int8: a sum that lies between two steps may be rounded to the other one in float32.
      #expect(
        relativeDifference(embedding, expected) < (isInt8 ? 0.03 : 1e-6), "\(embedding.prefix(4)), network \(expected.prefix(4))")
    }
  }

  @Test(
    "Training lowers the loss, and the written file gives what was trained", arguments: [false, true],
    [TrainingOptions.Optimizer.sgd, .adam])
  func trainsAndWrites(isInt8: Bool, optimizer: TrainingOptions.Optimizer) throws {
    var options = TrainingOptions(firstOperator: 1, batch: 4, optimizer: optimizer)
    options.keepsAverage = false
    let tail = try Tail(isInt8 ? int8() : float(), options)
    let losses = (0..<60).map { _ in tail.step(optimizer == .adam ? 3e-3 : 3e-3) }
    #expect(losses.last! < 0.6 * losses[0], "losses \(losses[0]) ... \(losses.last!)")
    let written = tail.trainer.trainedFile()
    for (photo, embedding) in zip(tail.photos, tail.embeddings()) {
      let actual = try embed(written.bytes.array, photo)
      #expect(
        relativeDifference(actual, embedding) < (isInt8 ? 0.05 : 1e-6), "file \(actual.prefix(4)), trained \(embedding.prefix(4))")
    }
    tail.trainer.session.restart()
    let again = (0..<60).map { _ in tail.step(optimizer == .adam ? 3e-3 : 3e-3) }
    #expect(zip(losses, again).allSatisfy { $0.bitPattern == $1.bitPattern }, "a restart does not repeat the same bits")
  }

  @Test(
    "With weights and average exchanged, passes are those of the average; once more, nothing has changed", arguments: [false, true])
  func exchangesTheAverage(isInt8: Bool) throws {
    let tail = try Tail(isInt8 ? int8() : float(), TrainingOptions(firstOperator: 1, batch: 2))
    for _ in 0..<5 { _ = tail.step(3e-3) }
    let trained = tail.embeddings()
    tail.trainer.session.exchangeAverage()
    let averaged = tail.embeddings()
    tail.trainer.session.exchangeAverage()
    #expect(tail.embeddings() == trained && averaged != trained)
    tail.trainer.session.adoptAverage()
    #expect(tail.embeddings() == averaged)
  }

  @Test("Only what is chosen trains")
  func trainsWhatIsChosen() throws {
    var options = TrainingOptions(firstOperator: 1, batch: 2)
    options.weights = OperatorSet()
    let tail = try Tail(float(), options)
    for _ in 0..<5 { _ = tail.step(1e-2) }
    #expect(
      tail.trainer.session.gradient(operator: 1, input: 1) == nil && tail.trainer.session.gradient(operator: 1, input: 2) != nil)
    let full = try TrainingPlan(for: tail.model, TrainingOptions(firstOperator: 1, batch: 2))
    #expect(tail.trainer.plan.arenaByteCount < full.arenaByteCount && tail.trainer.plan.trainedCount < full.trainedCount)
  }

  @Test("A cut that two tensors cross, and an operator outside the model, are refused")
  func refusesBadCuts() throws {
    let memory = PatternedMemory(copying: try float())
    let model = try Model(validating: memory.region)
    for (first, reason) in [
      (2, TrainingError.Reason.cutCrossedTwice), (-1, .cutOutOfRange), (99, .cutOutOfRange),
      (model.operatorCount - 1, .nothingTrains),
    ] {
      let error = #expect(throws: TrainingError.self) {
        _ = try TrainingPlan(for: model, TrainingOptions(firstOperator: first, batch: 1))
      }
      #expect(error?.reason == reason, "first operator \(first): \(String(describing: error))")
    }
  }
}
