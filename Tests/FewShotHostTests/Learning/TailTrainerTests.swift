import HostRuntime
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct TailTrainerTests {
  private static let ways: [AdaptationOptions.Auxiliary] = AdaptationOptions.Auxiliary.allCases

  @Test("Equal seeds give equal bits, other seeds others", arguments: ways)
  func seeds(_ auxiliary: AdaptationOptions.Auxiliary) throws {
    let fixture = try TailFixture(unlabelled: 2, auxiliary), candidate = try #require(fixture.options.candidates.last)
    let tail = try fixture.trainer()
    let first = fixture.train(tail, candidate), curve = tail.curve
    #expect(first == fixture.train(tail, candidate) && tail.curve == curve)
    #expect(first == fixture.train(try fixture.trainer(), candidate))
    #expect(first != fixture.train(tail, seed: 6, candidate) && first != fixture.model.bytes.array)
  }

  @Test("The curve has the loss of each objective that trains, and falls")
  func curve() throws {
    let fixture = try TailFixture(unlabelled: 2, .always([.rotation]), steps: 60), tail = try fixture.trainer()
    #expect(tail.curve.lines.isEmpty)
    _ = fixture.train(tail, [])
    #expect(tail.curve.lines.map(\.objective) == [.prototype])
    _ = fixture.train(tail, fixture.options.candidates.last)
    #expect(tail.curve.lines.map(\.objective) == [.prototype, .rotation])
    for line in tail.curve.lines { #expect(line.losses.count == 60 && line.losses.allSatisfy { $0.isFinite && $0 > 0 }, "\(line)") }
    let losses = tail.curve.lines[0].losses
    #expect(losses[50...].reduce(0, +) < 0.8 * losses[..<10].reduce(0, +), "\(losses)")
  }

  @Test("Several objectives train at once, and share views that they both want")
  func several() throws {
    let kinds: [ObjectiveKind] = [.rotation, .npid, .piModel, .interpolation]
    let fixture = try TailFixture(unlabelled: 2, .always(kinds), steps: 5), tail = try fixture.trainer()
    // The photo and a mild view serve three of them, rotation has its own four.
    #expect(fixture.options.placesPerPhoto == 2 + 4)
    #expect(fixture.options.viewPlaces == [0..<2, 2..<6, 0..<2, 0..<2, 0..<2])
    _ = fixture.train(tail)
    #expect(tail.curve.lines.map(\.objective) == [.prototype] + kinds)
    for line in tail.curve.lines { #expect(line.losses.allSatisfy { $0.isFinite }, "\(line)") }
  }

  @Test("Names of objectives are read as they are written")
  func names() throws {
    typealias Auxiliary = AdaptationOptions.Auxiliary
    for way in Auxiliary.allCases { #expect(Auxiliary(rawValue: way.rawValue) == way) }
    #expect(Auxiliary(rawValue: "mean-teacher,rotation") == .always([.rotation, .meanTeacher]))
    for text in ["", "nonsense", "rotation,", "rotation,rotation", "auto,rotation"] { #expect(Auxiliary(rawValue: text) == nil) }
  }

  @Test("A curve has at most 100 points, each the mean of its steps", arguments: [1, 7, 99, 100, 101, 250, 1000, 1001])
  func pointsOfACurve(_ steps: Int) {
    let recorder = CurveRecorder(steps: steps, objectives: 2)
    for step in 0..<steps { recorder.add(Float(step), objective: 1, step: step) }
    let losses = recorder.losses(objective: 1)
    #expect(losses.count == min(steps, 100) && recorder.losses(objective: 0).allSatisfy { $0 == 0 })
    let bounds = (0...losses.count).map { ($0 * steps + losses.count - 1) / losses.count }
    for (point, loss) in losses.enumerated() {
      #expect(abs(loss - Float(bounds[point] + bounds[point + 1] - 1) / 2) < 1e-3, "\(steps) steps, point \(point): \(loss)")
    }
  }

  /// The trainer lends averages, rows and targets as the protocol says.
  @Test func lendsAveragedEmbeddingsAndPreparesTargets() throws {
    let fixture = try TailFixture(unlabelled: 2, steps: 6, learningRate: 0.05), tail = try fixture.trainer()
    let photos = fixture.photos + fixture.unlabelled.map { CachedPhoto(label: -1, first: $0) }
    let prototypes = tail.prototypes(fixture.photos, classCount: 2)
    let memory = AlignedMemory(byteCount: 4 * ProbeObjective.count)
    let probe = try #require(
      ProbeObjective(ObjectiveShape(dimension: 8, classCount: 2, photoCount: 10, rowCount: 8), memory: memory.floats))
    let before = tail.trainer.session.weights(operator: 1, input: 1)!
    prototypes.withUnsafeBufferPointer { buffer in
      let draw = BatchDraw(
        photos, [BatchDraw.Part(recipe: ProbeObjective.rows, views: 0..<2, rows: 0..<8)], CounterRandom(seed: 1))
      let run = TrainingRun(
        tail, photos, prototypes: EmbeddingMatrix(buffer.baseAddress!, count: 2, dimension: 8), seed: 1, learningRate: 0.05,
        [TrainingRun.Part(kind: .prototype, index: 0, objective: probe, rows: 0..<8)], draw)
      for step in 0..<6 { run.step(step) }
    }
    #expect(before.count > 0)
    #expect(probe.prepared == 2, "prepared \(probe.prepared) times in 6 steps, every third")
    // The average is the weights themselves before the first step, and behind them later.
    #expect(probe.firstDistance == 0 && probe.distance > 0, "\(probe.firstDistance), \(probe.distance)")
  }
}

extension TailTrainerTests {
  @Test("Rows are pushed at the cut the way that raises their loss most")
  func pushesAtTheCut() throws {
    let fixture = try TailFixture(unlabelled: 2, .always([.vat]), steps: 6), tail = try fixture.trainer()
    let prototypes = tail.prototypes(fixture.photos, classCount: 2)
    let memory = AlignedMemory(byteCount: 4 * PushedObjective.count)
    let pushed = try #require(
      PushedObjective(ObjectiveShape(dimension: 8, classCount: 2, photoCount: 8, rowCount: 8), memory: memory.floats))
    prototypes.withUnsafeBufferPointer { buffer in
      let draw = BatchDraw(
        fixture.photos, [BatchDraw.Part(recipe: PushedObjective.rows, views: 0..<2, rows: 0..<8)], CounterRandom(seed: 1))
      let run = TrainingRun(
        tail, fixture.photos, prototypes: EmbeddingMatrix(buffer.baseAddress!, count: 2, dimension: 8), seed: 1, learningRate: 0,
        [TrainingRun.Part(kind: .prototype, index: 0, objective: pushed, rows: 0..<8)], draw)
      for step in 0..<6 {
        run.step(step)
        // As long as the push in a random direction before it.
        #expect(pushed.calls == 2 * (step + 1))
        let (raised, byProbe) = (pushed.raised, pushed.raisedByProbe)
        #expect(raised > 2 * abs(byProbe) && byProbe != 0, "\(raised), by the random push \(byProbe)")
      }
    }
  }
}

/// The sum of the embeddings' values; writes down what pushes raised it by.
private struct PushedObjective: Objective {
  static let count = 3
  static func views(augmented: Int) -> ViewRecipe { .mild(count: 2) }
  static var rows: RowRecipe { RowRecipe(.all, .rest, .independent) }
  static var perturbation: CutPerturbation? { CutPerturbation(probe: 0.02, radius: 0.02) }
  static func memoryCount(_ shape: ObjectiveShape) -> Int { count }

  let memory: Elements<Float>
  var calls: Int { Int(memory[0]) }
  var raised: Float { memory[1] }
  var raisedByProbe: Float { memory[2] }

  init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= PushedObjective.count else { return nil }
    self.memory = memory
  }

  func loss(_ batch: ObjectiveBatch) -> Float {
    memory[2] = memory[1]
    memory[1] = 0
    for i in 0..<batch.embeddings.count {
      batch.gradients[i] = 1
      memory[1] += batch.embeddings[i] - batch.unperturbed![i]
    }
    memory[0] += 1
    return 1
  }
}

/// Draws embeddings towards 0 and writes down what it was lent.
private struct ProbeObjective: Objective {
  static let count = 4
  static func views(augmented: Int) -> ViewRecipe { .mild(count: 2) }
  static var rows: RowRecipe { RowRecipe(.all, .rest, .independent, viewsPerPhoto: 2) }
  static var usesAverage: Bool { true }
  static var preparationInterval: Int { 3 }
  static func memoryCount(_ shape: ObjectiveShape) -> Int { count }

  let memory: Elements<Float>
  var prepared: Int { Int(memory[0]) }
  var firstDistance: Float { memory[1] }
  var distance: Float { memory[2] }

  init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= ProbeObjective.count else { return nil }
    self.memory = memory
  }

  func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {
    memory[0] += photos.count == 10 && photos[9].isNormalized && prototypes.count == 2 ? 1 : 100
  }

  func loss(_ batch: ObjectiveBatch) -> Float {
    var distance: Float = 0
    for i in 0..<batch.embeddings.count {
      batch.gradients[i] = batch.embeddings[i]
      distance += abs(batch.embeddings[i] - batch.averaged![i])
    }
    memory[memory[3] == 0 ? 1 : 2] = distance
    memory[3] += 1
    return 1
  }
}
