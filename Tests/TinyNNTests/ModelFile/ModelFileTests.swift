import Foundation
import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// A network with every kind of section, constants that are packed and not, and operators that use scratch memory.
private func sampleFile() throws -> [UInt8] {
  var random = SeededGenerator(seed: 3)
  var graph = Graph()
  func constant(_ shape: Shape) -> Graph.TensorID {
    graph.addConstant("weights", shape, (0..<shape.count).map { _ in Float.random(in: -1...1, using: &random) })
  }
  let x = graph.addInput("x", TensorType(.float32, Shape(1, 7, 6, 3)))
  var window = Window(height: 3, width: 3)
  window.padTop = 1
  window.padLeft = 1
  window.strideY = 2
  window.strideX = 2
  let weights = constant(Shape(8, 3, 3, 3)), bias = constant(Shape(8))
  let stem = try graph.add(Convolution(window: window, activation: .relu6), name: "stem", inputs: [x, weights, bias])
  let filters = constant(Shape(1, 1, 8)), offsets = constant(Shape(8))
  let depthwise = try graph.add(
    DepthwiseConvolution(window: Window(height: 1, width: 1)), name: "depthwise", inputs: [stem, filters, offsets])
  let sum = try graph.add(Binary(.add), name: "sum", inputs: [stem, depthwise])
  let pooled = try graph.add(Pool(.average, window: Window(height: 2, width: 2), ceiling: true), name: "pool", inputs: [sum])
  let joined = try graph.add(Concatenate(axis: 3), name: "join", inputs: [pooled, pooled])
  let mean = try graph.add(GlobalAveragePool(), name: "mean", inputs: [joined])
  let flat = try graph.add(Reshape(Shape(1, 16)), name: "flat", inputs: [mean])
  let matrix = constant(Shape(5, 16)), addend = constant(Shape(5))
  let output = try graph.add(Dense(), name: "head", inputs: [flat, matrix, addend])
  graph.outputs = [output]
  return graph.lowered().finish()
}

private func repairChecksum(_ file: inout [UInt8]) {
  guard file.count >= Format.headerByteCount else { return }
  let memory = PatternedMemory(copying: file)
  file.store(Checksum.ofFile(memory.region), at: 24)
}

@Suite struct ModelFileTests {
  private func reason(_ file: [UInt8]) -> ModelError? {
    let memory = PatternedMemory(copying: file)
    do { _ = try Model(validating: memory.region) } catch { return error }
    return nil
  }

  @Test func wholeFileIsAccepted() throws { #expect(reason(try sampleFile()) == nil) }

  @Test func everyTruncationIsRefused() throws {
    let whole = try sampleFile()
    for length in 0..<whole.count {
      let error = try #require(reason(Array(whole.prefix(length))), "the first \(length) of \(whole.count) bytes are accepted")
      #expect(error.reason == .truncated, "the first \(length) bytes: \(error)")
    }
  }

  @Test func everyTruncationWithFittingHeaderIsSurvived() throws {
    let whole = try sampleFile()
    for length in stride(from: Format.headerByteCount, to: whole.count, by: 3) {
      var file = Array(whole.prefix(length))
      file.store(UInt64(length), at: 16)
      repairChecksum(&file)
      #expect(reason(file) != nil, "\(length) of \(whole.count) bytes are accepted")
    }
  }

  @Test func bytesBehindTheEndAreRefused() throws {
    #expect(reason(try sampleFile() + [0])?.reason == .wrongLength)
  }

  @Test func everyChangedByteIsRefusedByTheChecksumOrBefore() throws {
    let whole = try sampleFile()
    for index in whole.indices {
      var file = whole
      file[index] ^= 0x10
      #expect(reason(file) != nil, "byte \(index) may change unnoticed")
    }
  }

  /// With the checksum repaired the deeper checks have to hold: what they accept must run inside its arena.
  @Test func changedBytesWithRepairedChecksumAreSurvived() throws {
    let whole = try sampleFile()
    var random = SeededGenerator(seed: 4)
    var (refused, accepted) = (0, 0)
    for index in whole.indices {
      for value in [UInt8(0xFF), whole[index] &+ 1, UInt8.random(in: 0...255, using: &random)].prefix(index % 2 + 1)
      where value != whole[index] {
        var file = whole
        file[index] = value
        repairChecksum(&file)
        if try runsInsideItsArena(file) { accepted += 1 } else { refused += 1 }
      }
    }
    #expect(refused > accepted / 10, "\(refused) refused, \(accepted) accepted")
  }

  @Test func severalChangedWordsAreSurvived() throws {
    let whole = try sampleFile()
    var random = SeededGenerator(seed: 5)
    for _ in 0..<4000 {
      var file = whole
      for _ in 0..<Int.random(in: 2...6, using: &random) {
        let word = Int.random(in: 2..<whole.count / 4, using: &random) * 4
        let value = [0, 1, 2, 3, 64, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, UInt32.random(in: 0...UInt32.max, using: &random)]
          .randomElement(using: &random)!
        file.store(value, at: word)
      }
      repairChecksum(&file)
      _ = try runsInsideItsArena(file)
    }
  }

  /// Inputs that fuzzing kept because each takes a way through the reader or an operator that the others do not.
  @Test func keptInputsAreSurvived() throws {
    let files = try TestFolders.fuzz("model")
    #expect(files.count >= 10)
    for file in files {
      var bytes = [UInt8](try Data(contentsOf: file))
      guard bytes.count >= Format.headerByteCount else { continue }
      bytes.store(UInt64(bytes.count), at: 16)
      repairChecksum(&bytes)
      _ = try runsInsideItsArena(bytes)
    }
  }

  /// False if the file is refused. Otherwise the network runs, if it is small, and must leave the bytes around its arena
  /// as they are.
  private func runsInsideItsArena(_ file: [UInt8]) throws -> Bool {
    let memory = PatternedMemory(copying: file)
    let model: Model
    do { model = try Model(validating: memory.region) } catch { return false }
    let plan = try InferencePlan(for: model)
    guard plan.arenaByteCount < 1 << 20 else { return true }
    let fence = 256
    let block = PatternedMemory(byteCount: plan.arenaByteCount + 2 * fence)
    let arena = UnsafeMutableRawBufferPointer(rebasing: block.bytes[fence..<fence + plan.arenaByteCount])
    var session = try Session(model, plan, arena: arena)
    for index in 0..<model.inputCount {
      let input = session.input(index)
      for i in 0..<input.shape.count { input.setValue(Float(i % 7) - 3, at: i) }
    }
    session.run()
    let around = [block.bytes[..<fence], block.bytes[(fence + plan.arenaByteCount)...]]
    #expect(around.allSatisfy { $0.allSatisfy { $0 == 0xA5 } }, "an accepted file writes outside of its arena")
    return true
  }

  @Test func arenaTooSmallByOneByteIsRefused() throws {
    let memory = PatternedMemory(copying: try sampleFile())
    let model = try Model(validating: memory.region)
    for threads in [1, 2, 4] {
      let plan = try InferencePlan(for: model, threads: threads)
      let arena = PatternedMemory(byteCount: plan.arenaByteCount)
      let small = UnsafeMutableRawBufferPointer(rebasing: arena.bytes.dropLast())
      do {
        _ = try Session(model, plan, arena: small)
        Issue.record("an arena of \(small.count) bytes is accepted, \(plan.arenaByteCount) are needed")
      } catch {
        #expect(error == ModelError(.arenaTooSmall, found: small.count, needed: plan.arenaByteCount))
      }
      _ = try Session(model, plan, arena: arena.bytes)
    }
  }

  @Test func misalignedMemoryIsRefused() throws {
    let file = try sampleFile()
    let memory = PatternedMemory(copying: [UInt8](repeating: 0, count: 8) + file)
    let shifted = ByteRegion(UnsafeRawPointer(memory.bytes.baseAddress! + 8), count: file.count)
    #expect(throws: ModelError(.misaligned, needed: 64)) { try Model(validating: shifted) }

    let whole = PatternedMemory(copying: file)
    let model = try Model(validating: whole.region)
    let plan = try InferencePlan(for: model)
    let arena = PatternedMemory(byteCount: plan.arenaByteCount + 8)
    do {
      _ = try Session(model, plan, arena: UnsafeMutableRawBufferPointer(rebasing: arena.bytes[8...]))
      Issue.record("a misaligned arena is accepted")
    } catch {
      #expect(error.reason == .arenaMisaligned)
    }
  }
}
