import FewShotTestSupport
import TestSupport
import Testing

/// What the kernel counts as resident (VmHWM) of a whole command, beside what its plan states.
@Suite struct ResidentMemoryTests {
  let folder: TemporaryFolder
  let encoder = TestFolders.package.appending(path: "models/edge-s/edge-s.tnn").path
  let photos = TestFolders.package.appending(path: "Examples/parts/support").path

  init() throws { folder = try TemporaryFolder() }

  /// Copies of the encoder's file with and without the way back, decoded photos and the program's data, besides the program, the
  /// plan and the weights.
  private static let restByteCount = 8_000_000

  /// Peak resident bytes of a process that runs a network of some kilobytes once: the program itself.
  private func programBytes() throws -> Int {
    let tiny = try folder.write(SmallModels.encoder(), to: "tiny.tnn")
    let result = try Command.run(["bench", tiny, "--runs", "1", "--warmup", "0", "--json"])
    return try #require(try result.json()["peakResidentBytes"] as? Int, "\(result)")
  }

  private func expectWithinPlan(_ result: CommandResult, budget: Int? = nil, program: Int, _ what: String) throws {
    #expect(result.status == 0, "\(what): \(result)")
    let json = try result.json(), weights = try #require(json["weightBytes"] as? Int)
    let resident = try #require(json["residentBytes"] as? Int ?? ResidentMemoryTests.peak(result.errors), "\(what): \(result)")
    let plan = try #require(json["planBytes"] as? Int)
    if let budget { #expect(plan <= budget, "\(what): \(result)") }
    #expect(
      resident - program <= plan + weights + ResidentMemoryTests.restByteCount,
      "\(what): resident \(resident) bytes, \(program) of them the program; plan \(plan), weights \(weights)")
  }

  /// Of the line about memory; what `evaluate` prints in JSON is the same in every run.
  private static func peak(_ errors: String) -> Int? {
    guard let line = errors.split(separator: "\n").last(where: { $0.contains("memory: plan") }) else { return nil }
    return line.split(separator: " ").last.flatMap { Int($0.filter(\.isNumber)) }
  }

  @Test(arguments: [2_000_000, 3_000_000, 4_000_000, 8_000_000])
  func trainingKeepsToTheBudget(_ budget: Int) throws {
    let result = try Command.run(
      [
        "adapt", photos, "--model", encoder, "-o", folder.file("t.tnn"), "--method", "finetune", "--steps", "1", "--memory",
        "\(budget)", "--json",
      ])
    try expectWithinPlan(result, budget: budget, program: programBytes(), "budget \(budget)")
  }

  /// Every combination of what `adapt` may do: methods, photos without labels, views, either kind of encoder, and with a budget
  /// just below what it would like.
  @Test(arguments: ["auto", "ridge", "finetune"], [false, true])
  func everyWayOfLearningKeepsToItsPlan(_ method: String, _ isInt8: Bool) throws {
    let (labelled, unlabelled, model) = try fixtures(size: 64, unlabelled: 40, isInt8: isInt8)
    let program = try programBytes()
    let training = method == "finetune" ? ["--steps", "1", "--layers", "2", "--batch", "4"] : []
    func adapt(_ options: [String]) throws -> CommandResult {
      try Command.run(["adapt", labelled, "--model", model, "-o", folder.file("t.tnn"), "--json", "--method", method] + options)
    }
    for views in ["1", "2"] {
      for camera in [[], ["--unlabelled", unlabelled]] {
        let options = ["--views", views] + camera + training
        let wanted = try adapt(options)
        try expectWithinPlan(wanted, program: program, "\(method) \(options), int8 \(isInt8)")
        if camera.isEmpty { continue }
        let budget = (try wanted.json()["planBytes"] as? Int ?? 0) - 1
        let less = try adapt(options + ["--memory", "\(budget)"])
        try expectWithinPlan(less, budget: budget, program: program, "\(method) \(options), int8 \(isInt8), less")
      }
    }
  }

  /// Every combination of what `evaluate` may do with an encoder, and a task: the plan has all of it, by parts.
  @Test(arguments: [
    ["--method", "prototype"], ["--method", "auto,lda", "--views", "2"], ["--method", "prototype", "--episodes", "20000"],
    ["--method", "finetune", "--steps", "1", "--layers", "2", "--batch", "4"], ["--shift", "noise"],
    [
      "--method", "finetune", "--steps", "1", "--layers", "2", "--batch", "4", "--auxiliary", "npid,pi-model",
      "--unlabelled-shots", "1",
    ],
  ])
  func everyEvaluationKeepsToItsPlan(_ options: [String]) throws {
    let (labelled, _, model) = try fixtures(size: 64, unlabelled: 1, isInt8: false)
    let common = ["evaluate", "--model", model, "--dataset", labelled, "--ways", "2", "--shots", "2", "--queries", "1", "--json"]
    let result = try Command.run(common + (options.contains("--episodes") ? [] : ["--episodes", "2"]) + options)
    try expectWithinPlan(result, program: programBytes(), "\(options)")
    let parts = try #require(try result.json()["planParts"] as? [String: Int], "\(result)")
    #expect(parts["dataset"] ?? 0 > 0 && parts["finalHead"] ?? 0 > 0, "\(options): \(parts)")
    if options.contains("20000") { #expect(parts["scores"] ?? 0 > 1_000_000, "\(parts)") }
  }

  @Test func measuringATaskKeepsToItsPlan() throws {
    let (labelled, _, model) = try fixtures(size: 64, unlabelled: 1, isInt8: false)
    let task = folder.file("t.tnn")
    #expect(try Command.run(["adapt", labelled, "--model", model, "-o", task]).status == 0)
    let result = try Command.run(["evaluate", "--model", task, "--dataset", labelled, "--json"])
    try expectWithinPlan(result, program: programBytes(), "a task")
    let parts = try #require(try result.json()["planParts"] as? [String: Int], "\(result)")
    #expect(parts["trunk"] ?? 0 > 0 && parts["scores"] ?? 0 > 0, "\(parts)")
  }

  /// 120 photos of 128 x 128 pixels without labels need 5.9 MB as int8: fewer are read, and that is said.
  @Test func manyPhotosWithoutLabelsKeepToTheBudget() throws {
    let (labelled, unlabelled, model) = try fixtures(size: 128, unlabelled: 120, isInt8: false)
    let result = try Command.run(
      [
        "adapt", labelled, "--model", model, "-o", folder.file("t.tnn"), "--method", "finetune", "--steps", "1", "--layers", "2",
        "--views", "1", "--batch", "4", "--memory", "3MB", "--unlabelled", unlabelled, "--json",
      ])
    #expect(result.errors.contains("of 120 photos without labels, evenly spread"), "\(result)")
    try expectWithinPlan(result, budget: 3_000_000, program: programBytes(), "120 photos without labels")
  }

  /// Twelve photos of three classes, some without labels, and an encoder that takes `size` x `size` pixels.
  private func fixtures(
    size: Int, unlabelled count: Int, isInt8: Bool
  ) throws -> (labelled: String, unlabelled: String, encoder: String) {
    let colours = ["red", "green", "blue"]
    for colour in colours {
      try folder.makeFolder("labelled/\(colour)")
      for number in 0..<4 { try folder.write(TestPhotos.ppm(colour, number), to: "labelled/\(colour)/\(number).ppm") }
    }
    try folder.makeFolder("unlabelled")
    for number in 0..<count {
      try folder.write(TestPhotos.ppm(colours[number % 3], 10 + number), to: "unlabelled/\(number).ppm")
    }
    let (labelled, unlabelled) = (folder.file("labelled"), folder.file("unlabelled"))
    let float = try folder.write(TestPhotos.threeLayers(size: size), to: "float.tnn")
    guard isInt8 else { return (labelled, unlabelled, float) }
    let quantized = try Command.run(["quantize", float, "--calibration", labelled, "--fast", "-o", folder.file("int8.tnn")])
    #expect(quantized.status == 0, "\(quantized)")
    return (labelled, unlabelled, folder.file("int8.tnn"))
  }
}
