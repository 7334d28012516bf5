import ArgumentParser
import Glibc
import HostRuntime
import ModelCompiler
import TinyNN

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure latency and memory of a model, also of each operator, or of training its tail.")

  @Argument(help: ArgumentHelp("The model file.", valueName: "M.tnn"))
  var model: String

  @Option(help: "Runs that count.")
  var runs = 50

  @Option(help: "Runs before those.")
  var warmup = 5

  @Flag(help: "Measure every operator as well.")
  var operators = false

  @Option(help: ArgumentHelp("Pause between runs, as between the pictures of a camera.", valueName: "ms"))
  var interval = 0

  @OptionGroup var training: TrainingBenchOptions
  @OptionGroup var finetune: FinetuneOptions

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard 1...1_000_000 ~= runs else { throw ValidationError("--runs is \(runs); it must be 1 to 1000000") }
    guard 0...60_000 ~= interval else { throw ValidationError("--interval is \(interval); it must be 0 to 60000 ms") }
    guard 0...1_000_000 ~= warmup else { throw ValidationError("--warmup is \(warmup); it must be 0 to 1000000") }
  }

  func run() throws {
    if training.train { return try measureTraining() }
    let opening = monotonicNanoseconds()
    let encoder = try runtime.open(model)
    let openingTime = monotonicNanoseconds() - opening
    let input = BenchInput(encoder.model)
    input.fill(encoder)
    let first = monotonicNanoseconds()
    encoder.session.run()
    let firstTime = monotonicNanoseconds() - first
    var progress = Progress("Measuring", total: warmup + runs)
    var latencies = Latencies()
    var processor = processorNanoseconds()
    for index in 0..<warmup + runs {
      if index == warmup { processor = processorNanoseconds() }
      if interval > 0 { usleep(UInt32(1000 * interval)) }
      input.fill(encoder)
      let start = monotonicNanoseconds()
      encoder.session.run()
      if index >= warmup { latencies.append(monotonicNanoseconds() - start) }
      progress.update(done: index + 1)
    }
    let processorTime = Double(processorNanoseconds() - processor) / 1e6 / Double(runs)
    let checksum = embeddingChecksum(encoder)
    let profile = operators ? try measureOperators(encoder, input) : []
    progress.finish()
    let start = Start(open: Double(openingTime) / 1e6, first: Double(firstTime) / 1e6)
    try report(encoder, start, latencies, processorTime, checksum, profile)
  }

  /// Milliseconds of opening the model, with its checks, and of the first run.
  private struct Start {
    let open: Double
    let first: Double
  }

  private func embeddingChecksum(_ encoder: ModelRunner) -> String {
    let embedding = encoder.session.output(0)
    return hexadecimal(checksum(of: (0..<embedding.shape.count).map { embedding.floats[$0] }))
  }

  private struct OperatorProfile {
    let layer: ModelSummary.Layer
    /// Median of the runs.
    let milliseconds: Double
    let share: Double

    /// Of the rate of the fastest matrix product of the operator's type.
    let shareOfPeak: Double

    /// 10^9 floating point operations a second, two for each multiply-add.
    var gigaflops: Double { milliseconds > 0 ? 2 * Double(layer.multiplyAdds) / (milliseconds * 1e6) : 0 }
  }

  private func measureOperators(_ encoder: ModelRunner, _ input: BenchInput) throws(Failure) -> [OperatorProfile] {
    let summary: ModelSummary
    do { summary = try ModelSummary(encoder.model, threads: runtime.threads) } catch { throw Failure(error, in: model) }
    var latencies = [Latencies](repeating: Latencies(), count: summary.layers.count)
    for _ in 0..<runs {
      input.fill(encoder)
      for index in summary.layers.indices {
        let start = monotonicNanoseconds()
        encoder.session.runOperator(index)
        latencies[index].append(monotonicNanoseconds() - start)
      }
    }
    let medians = latencies.map { $0.milliseconds(atPercent: 50) }
    let total = medians.reduce(0, +)
    let peak: MeasuredPeak
    do { peak = try MeasuredPeak(threads: runtime.threads) } catch {
      throw Failure(.internalError, "the peak could not be measured: \(error)")
    }
    return zip(summary.layers, medians).map { layer, median in
      let rate = median > 0 ? Double(layer.multiplyAdds) / (median * 1e6) : 0
      return OperatorProfile(
        layer: layer, milliseconds: median, share: total > 0 ? median / total : 0,
        shareOfPeak: rate / peak.rate(of: layer.output.elementType))
    }
  }

  private func report(
    _ encoder: ModelRunner, _ start: Start, _ latencies: Latencies, _ processorTime: Double, _ checksum: String,
    _ profile: [OperatorProfile]
  ) throws(Failure) {
    let resident = residentByteCounts()
    let p50 = latencies.milliseconds(atPercent: 50), p90 = latencies.milliseconds(atPercent: 90)
    let p99 = latencies.milliseconds(atPercent: 99), minimum = latencies.milliseconds(atPercent: 0)
    var json: JSON = [
      "p50": .number(p50), "p90": .number(p90), "p99": .number(p99), "min": .number(minimum), "unit": "ms",
      "processorTime": .number(processorTime),
      "open": .number(start.open), "openAndFirst": .number(start.open + start.first),
      "threads": .integer(runtime.threads), "arenaBytes": .integer(encoder.plan.arenaByteCount),
      "residentBytes": .integer(resident.now),
      "outputChecksum": .string(checksum), "peakResidentBytes": .integer(resident.peak),
      "weightBytes": .integer(encoder.model.weightByteCount), "macs": .integer(encoder.model.multiplyAdds),
      "backend": .string(runtime.backend.rawValue), "instructionSet": .string("\(InstructionSet.best)"), "runs": .integer(runs),
      "warmup": .integer(warmup), "model": .string(model),
    ]
    if operators { json.append("operators", .array(profile.enumerated().map(operatorJSON))) }
    var lines = [
      """
      latency   p50 \(decimal(p50, digits: 3))  p90 \(decimal(p90, digits: 3))  p99 \(decimal(p99, digits: 3))  \
      min \(decimal(minimum, digits: 3)) ms (\(runs) runs, \(runtime.threads) threads, \
      \(runtime.backend.rawValue), \(InstructionSet.best))
      """,
      "processor \(decimal(processorTime, digits: 3)) ms a run, of all threads"
        + (interval > 0 ? ", \(interval) ms between runs" : ""),
      "start     open \(decimal(start.open, digits: 3)) ms, first run \(decimal(start.first, digits: 3)) ms",
      "arena     \(grouped(encoder.plan.arenaByteCount)) bytes",
      "weights   \(grouped(encoder.model.weightByteCount)) bytes, used in place",
      "resident  \(grouped(resident.now)) bytes, peak \(grouped(resident.peak))",
      "checksum  \(checksum) of the embedding of a fixed input",
    ]
    if operators { lines += ["", table(profile)] }
    try output.print(json, text: lines.joined(separator: "\n"))
  }

  private func operatorJSON(_ index: Int, _ entry: OperatorProfile) -> JSON {
    [
      "index": .integer(index), "name": .string(entry.layer.name), "operator": .string(entry.layer.operatorName),
      "milliseconds": .number(entry.milliseconds), "macs": .integer(entry.layer.multiplyAdds),
      "gflops": .number(entry.gigaflops), "share": .number(entry.share),
      "shareOfPeak": .number(entry.shareOfPeak),
    ]
  }

  private func table(_ profile: [OperatorProfile]) -> String {
    var table = Table([
      ("#", .right), ("operator", .left), ("", .left), ("output", .left), ("ms", .right), ("share", .right), ("MACs", .right),
      ("GFLOP/s", .right), ("of peak", .right), ("name", .left),
    ])
    for (index, entry) in profile.enumerated() {
      table.append([
        "\(index)", entry.layer.operatorName, entry.layer.detail, entry.layer.output.shape.description,
        decimal(entry.milliseconds, digits: 4), decimal(100 * entry.share, digits: 1) + " %", grouped(entry.layer.multiplyAdds),
        entry.layer.multiplyAdds > 0 ? decimal(entry.gigaflops, digits: 1) : "",
        entry.layer.multiplyAdds > 0 ? decimal(100 * entry.shareOfPeak, digits: 0) + " %" : "", entry.layer.name,
      ])
    }
    return table.text
  }
}

/// The same numbers on every machine, from -1 to 1, for every input of a network.
struct BenchInput {
  let values: [[Float]]

  init(_ model: Model) {
    var state: UInt64 = 0
    values = (0..<model.inputCount).map { input in
      (0..<model.tensor(model.input(input)).type.shape.count).map { _ in
        // SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014); 24 bits are exact.
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Float(Int32(truncatingIfNeeded: (z ^ (z >> 31)) >> 40) - 0x80_0000) * 0x1p-23
      }
    }
  }

  /// Fills the inputs, whose memory the last run has used.
  func fill(_ encoder: ModelRunner) {
    for (index, values) in values.enumerated() {
      let tensor = encoder.session.input(index)
      if tensor.elementType == .float32 {
        for position in values.indices { tensor.floats[position] = values[position] }
      } else {
        for position in values.indices { tensor.setValue(values[position], at: position) }
      }
    }
  }
}

/// Times of repeated runs.
struct Latencies {
  private var nanoseconds: [Int] = []

  mutating func append(_ time: Int) { nanoseconds.append(time) }

  /// The smallest time that `percent` of the runs do not exceed (nearest rank); 0 gives the minimum.
  func milliseconds(atPercent percent: Int) -> Double {
    let rank = (percent * nanoseconds.count + 99) / 100
    return nanoseconds.isEmpty ? 0 : Double(nanoseconds.sorted()[max(0, rank - 1)]) / 1e6
  }
}
