import ArgumentParser
import FewShot
import FewShotHost
import Glibc
import HostRuntime
import ModelCompiler
import TinyNN

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say whether a model fits into a memory budget, and if not, what would have to change.",
    discussion: "The budget covers the arena and the model file, which is mapped and used in place.")

  @Argument(help: ArgumentHelp("The model file.", valueName: "M.tnn"))
  var model: String

  @Option(help: ArgumentHelp("The budget: 32MB, 32MiB, 500kB, or bytes.", valueName: "size"))
  var memory: ByteSize

  @Option(help: "Threads that must fit.")
  var threads = 1

  @Flag(help: "Plan training the tail (adapt --method finetune), too, for the same budget.")
  var train = false

  @Option(help: "With --train: photos to learn from.")
  var photos = 25

  @Option(help: "With --train: their classes.")
  var classes = 5

  @OptionGroup var finetune: FinetuneOptions

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard 1...RuntimeOptions.maximumThreadCount ~= threads else {
      throw ValidationError("--threads is \(threads); it must be 1 to \(RuntimeOptions.maximumThreadCount)")
    }
    guard (1...TaskLimits.exampleCount).contains(photos), (1...TaskLimits.classCount).contains(classes) else {
      throw ValidationError("--photos and --classes must be 1 or more")
    }
  }

  /// What one number of threads needs.
  private struct Need {
    let plan: InferencePlan
    let totalByteCount: Int
    let fits: Bool
  }

  func run() throws {
    let (file, network) = try openModelFile(model)
    let fileByteCount = file.bytes.count
    let shown = max(threads, min(8, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    var needs: [Need] = []
    for count in 1...shown {
      let plan: InferencePlan
      do { plan = try InferencePlan(for: network, threads: count) } catch { throw Failure(error, in: model) }
      let total = plan.arenaByteCount + fileByteCount
      needs.append(Need(plan: plan, totalByteCount: total, fits: total <= memory.byteCount))
    }
    let wanted = needs[threads - 1]
    let changes = wanted.fits ? [] : self.changes(wanted, needs, network, fileByteCount)
    let training = train ? try training(network) : nil
    try output.print(
      json(wanted, needs, network, fileByteCount, changes, training), text: text(wanted, needs, network, fileByteCount, training))
    guard wanted.fits else {
      throw Failure(
        .overBudget,
        """
        \(model): needs \(wanted.totalByteCount) bytes with \(threads) \(threads == 1 ? "thread" : "threads"), the \
        budget is \(memory.byteCount); \(changes.joined(separator: ", or "))
        """
      )
    }
  }

  private func changes(_ wanted: Need, _ needs: [Need], _ network: Model, _ fileByteCount: Int) -> [String] {
    var changes = ["give --memory \(wanted.totalByteCount)"]
    if let fewer = needs.last(where: { $0.fits && $0.plan.threads < threads }) {
      changes.append("use --threads \(fewer.plan.threads)")
    }
    if wanted.plan.arenaByteCount <= memory.byteCount {
      changes.append("count the arena alone (\(wanted.plan.arenaByteCount) bytes) where the file stays in flash")
    }
    if let size = smallerInput(network, wanted, fileByteCount) {
      changes.append("import the ONNX file with --input-size \(size) if it allows that")
    }
    if fileByteCount >= memory.byteCount { changes.append("take a smaller model, the file alone has \(fileByteCount) bytes") }
    return changes
  }

  /// The largest input, a multiple of 32, whose feature maps would fit: they grow with its area.
  private func smallerInput(_ network: Model, _ wanted: Need, _ fileByteCount: Int) -> Int? {
    let shape = network.tensor(network.input(0)).type.shape
    let room = memory.byteCount - fileByteCount - wanted.plan.scratchByteCount
    guard shape.rank == 4, shape[1] == shape[2], room > 0 else { return nil }
    var size = (shape[1] - 1) / 32 * 32
    while size >= 32 {
      let needed = Double(wanted.plan.activationByteCount) * Double(size * size) / Double(shape[1] * shape[1])
      if needed <= Double(room) { return size }
      size -= 32
    }
    return nil
  }

  /// The training that fits, and its neighbours; the file's bytes are not part of it.
  private func training(_ network: Model) throws -> TrainingNeed {
    let encoder: PhotoEncoder
    do { encoder = try PhotoEncoder(ModelRunner(bytes: network.bytes.array)) } catch {
      throw Failure(
        .badData,
        """
        \(model): it does not say how photos become its input, so its training cannot be planned; import it again \
        with --mean and --std
        """
      )
    }
    do {
      let material = LearningMaterial(photos: photos, classes: classes)
      return TrainingNeed(
        fitting: try LearningPlan.fitting(memory.byteCount, encoder, .training(finetune.adaptation(seed: 0)), for: material))
    } catch { throw Failure(error, in: model, of: network) }
  }

  private struct TrainingNeed {
    let fitting: LearningPlan.Fitting

    var json: JSON {
      [
        "fits": .bool(fitting.plan != nil), "plan": fitting.plan?.json ?? .null, "larger": fitting.larger?.json ?? .null,
        "smaller": fitting.smaller?.json ?? .null, "smallestBudget": .integer(fitting.refusal.smallest),
      ]
    }

    var text: String {
      guard let plan = fitting.plan else { return "training: needs at least \(grouped(fitting.refusal.smallest)) bytes" }
      let others = [fitting.larger, fitting.smaller].compactMap { plan in
        plan?.tail.map { "  with \(grouped(plan!.byteCount)) bytes: \($0.choice)" }
      }
      return ([plan.text] + others).joined(separator: "\n")
    }
  }

  private func json(
    _ wanted: Need, _ needs: [Need], _ network: Model, _ fileByteCount: Int, _ changes: [String], _ training: TrainingNeed?
  ) -> JSON {
    var json: JSON = [
      "model": .string(model), "memory": .integer(memory.byteCount), "fits": .bool(wanted.fits), "threads": .integer(threads),
      "arenaBytes": .integer(wanted.plan.arenaByteCount), "fileBytes": .integer(fileByteCount),
      "weightBytes": .integer(network.weightByteCount), "neededBytes": .integer(wanted.totalByteCount),
      "smallestBudget": .integer(needs[0].totalByteCount),
      "perThreads": .array(
        needs.map { need in
          [
            "threads": .integer(need.plan.threads), "activationBytes": .integer(need.plan.activationByteCount),
            "scratchBytes": .integer(need.plan.scratchByteCount), "arenaBytes": .integer(need.plan.arenaByteCount),
            "neededBytes": .integer(need.totalByteCount), "fits": .bool(need.fits),
          ]
        }),
      "changes": JSON(changes),
    ]
    if let training { json.append("train", training.json) }
    return json
  }

  private func text(_ wanted: Need, _ needs: [Need], _ network: Model, _ fileByteCount: Int, _ training: TrainingNeed?) -> String {
    var table = Table([
      ("threads", .right), ("tensors", .right), ("scratch", .right), ("arena", .right), ("file", .right), ("needed", .right),
      ("", .left),
    ])
    for need in needs {
      table.append([
        "\(need.plan.threads)", grouped(need.plan.activationByteCount), grouped(need.plan.scratchByteCount),
        grouped(need.plan.arenaByteCount), grouped(fileByteCount), grouped(need.totalByteCount),
        need.fits ? "fits" : "\(grouped(need.totalByteCount - memory.byteCount)) too much",
      ])
    }
    var lines = ["budget \(grouped(memory.byteCount)) bytes (\(memory))", table.text]
    if let training { lines.append(training.text) }
    return lines.joined(separator: "\n")
  }
}
