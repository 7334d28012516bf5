import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// What `bench --train` does besides the options of training.
struct TrainingBenchOptions: ParsableArguments {
  @Flag(help: "Measure steps of training the tail instead, on 5 classes of 5 pictures of noise.")
  var train = false

  @Option(
    help: ArgumentHelp(
      "With --train: write cut.npy, the tensors at the cut, and embeddings.npy, what the tail makes of them.", valueName: "DIR"))
  var keep: String?
}

extension Bench {
  private static let classes = 5, shots = 5

  func measureTraining() throws {
    let kept = try training.keep.map { folder throws(Failure) in try KeptTensors(folder, model: model) }
    let encoder = try runtime.photos(model).encoder, network = encoder.runner.model
    let count = Bench.classes * Bench.shots
    let plan: LearningPlan, tail: AdaptationPlan, adapter: TailTrainer, cache: TensorCache
    do {
      plan = try LearningPlan(
        encoder, .training(finetune.adaptation(seed: 0)), for: LearningMaterial(photos: count, classes: Bench.classes))
      tail = plan.tail!
      cache = TensorCache(
        count: count * tail.placesPerPhoto, entryCount: tail.training.cutCount,
        map: network.tensor(tail.cutTensor).quantization)
      let trunk = TrunkRunner(encoder, tail, cutTensor: tail.cutTensor)
      for photo in 0..<count {
        trunk.add(
          noise(photo, encoder.preprocessing.outputCount), identifier: UInt64(photo), to: cache, at: photo * tail.placesPerPhoto)
      }
      adapter = try TailTrainer(network, tail, cache: cache)
    } catch { throw Failure(error, in: model, of: network) }
    if let kept { try write(adapter, cache, to: kept) }
    let photos = (0..<count).map { CachedPhoto(label: $0 / Bench.shots, first: $0 * tail.placesPerPhoto) }
    var latencies = Latencies()
    var (start, step) = (monotonicNanoseconds(), 0)
    adapter.train(photos, classCount: Bench.classes, seed: 0, with: tail.options.candidates[0]) { _ in
      let now = monotonicNanoseconds()
      // The first step also finds the prototypes.
      if step > 0 { latencies.append(now - start) }
      (start, step) = (now, step + 1)
    }
    let resident = residentByteCounts(), p50 = latencies.milliseconds(atPercent: 50)
    let json: JSON = [
      "p50": .number(p50), "p90": .number(latencies.milliseconds(atPercent: 90)),
      "min": .number(latencies.milliseconds(atPercent: 0)),
      "unit": "ms", "steps": .integer(tail.options.steps), "layers": .integer(tail.layers),
      "trainedWeights": .integer(tail.training.trainedCount),
      "plan": plan.json, "planBytes": .integer(plan.byteCount), "peakResidentBytes": .integer(resident.peak),
      "weightBytes": .integer(network.weightByteCount), "instructionSet": .string("\(InstructionSet.best)"),
      "model": .string(model),
    ]
    try output.print(
      json,
      text: """
        step      p50 \(decimal(p50, digits: 3))  p90 \(decimal(latencies.milliseconds(atPercent: 90), digits: 3)) ms \
        (\(tail.choice), \(InstructionSet.best))
        plan      \(grouped(plan.byteCount)) bytes
        resident  peak \(grouped(resident.peak)) bytes
        """)
  }

  private func noise(_ photo: Int, _ count: Int) -> [Float] {
    var random = CounterRandom(seed: 0x6265_6E63, stream: UInt64(photo))
    return (0..<count).map { _ in random.next(from: -1, to: 1) }
  }

  private func write(_ adapter: TailTrainer, _ cache: TensorCache, to files: KeptTensors) throws {
    let size = adapter.plan.training.cutCount, places = Array(0..<cache.count)
    let values = AlignedMemory(byteCount: 4 * size)
    let cut: Elements<Float> = Elements(values.buffer.baseAddress!, count: size)
    var all: [Float] = []
    for place in places {
      cache.load(place, to: cut)
      all += (0..<size).map { cut[$0] }
    }
    let shape = adapter.trainer.session.model.tensor(adapter.plan.cutTensor).type.shape
    let embeddings = adapter.embeddings(places)
    try files.cut.write(NPYArray(shape: [cache.count] + (1..<shape.rank).map { shape[$0] }, values: all).fileBytes)
    try files.embeddings.write(
      NPYArray(shape: [cache.count, embeddings.count / cache.count], values: embeddings).fileBytes)
  }
}

/// The files of `--keep`.
private struct KeptTensors {
  let cut: OutputFile, embeddings: OutputFile

  init(_ folder: String, model: String) throws(Failure) {
    cut = try OutputFile("\(folder)/cut.npy", .npy, option: "--keep", inputs: [model])
    embeddings = try OutputFile("\(folder)/embeddings.npy", .npy, option: "--keep", inputs: [model])
  }
}
