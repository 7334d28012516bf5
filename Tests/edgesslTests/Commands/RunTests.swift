import HostRuntime
import ModelCompiler
import TestSupport
import Testing
import TinyNN

@Suite struct RunTests {
  let folder: TemporaryFolder
  let model: String
  let input: String

  init() throws {
    folder = try TemporaryFolder()
    model = try folder.write(SmallModels.Pointwise.file(), to: "m.tnn")
    input = try folder.write(SmallModels.Pointwise.input.fileBytes, to: "x.npy")
  }

  private func array(_ path: String) throws -> NPYArray {
    try contents(of: path).withUnsafeBytes { try NPYArray(ByteRegion($0), path: path) }
  }

  /// OpenBLAS is this machine's.
  private static let backends = Command.isOwn ? ["builtin", "openblas"] : ["builtin"]

  @Test(arguments: backends, [1, 2]) func imagesGoInAndOutAsInTheONNXFile(backend: String, threads: Int) throws {
    let output = folder.file("y.npy")
    let result = try Command.run([
      "run", model, "--input", input, "--output", output, "--threads", "\(threads)", "--backend", backend, "--json",
    ])
    #expect(result.status == 0, "\(result)")
    #expect(try array(output) == SmallModels.Pointwise.expected)
    let json = try result.json()
    #expect(Set(json.keys).isSuperset(of: ["model", "outputs", "milliseconds", "threads", "backend", "arenaBytes"]), "\(json)")
    #expect((json["outputs"] as? [[String: Any]])?.first?["shape"] as? [Int] == SmallModels.Pointwise.outputShape, "\(json)")
  }

  @Test func imagesMayAlsoComeAsTheFileStoresThem() throws {
    let nchw = SmallModels.Pointwise.input.values
    let nhwc = (0..<24).map { nchw[($0 % 2) * 12 + $0 / 2] }
    let path = try folder.write(NPYArray(shape: [1, 3, 4, 2], values: nhwc).fileBytes, to: "nhwc.npy")
    #expect(try Command.run(["run", model, "--input", path, "--output", folder.file("y.npy")]).status == 0)
    #expect(try array(folder.file("y.npy")) == SmallModels.Pointwise.expected)
  }

  @Test func severalInputsAndOutputsByNameAndInOrder() throws {
    let model = try folder.write(SmallModels.sumAndDifference(), to: "two.tnn")
    let a = try folder.write(NPYArray(shape: [1, 4], values: [1, 2, 3, 4]).fileBytes, to: "a.npy")
    let b = try folder.write(NPYArray(shape: [1, 4], values: [10, 20, 30, 40]).fileBytes, to: "b.npy")
    let (sum, difference) = (folder.file("sum.npy"), folder.file("difference.npy"))

    let byName = try Command.run(["run", model, "--input", "right=\(b)", "--input", a, "--output", sum, "--output", difference])
    #expect(byName.status == 0, "\(byName)")
    #expect(try array(sum).values == [11, 22, 33, 44])
    #expect(try array(difference).values == [-9, -18, -27, -36])

    let onlySecond = try Command.run(["run", model, "--input", b, "--input", a, "--output", "difference=\(sum)"])
    #expect(onlySecond.status == 0, "\(onlySecond)")
    #expect(try array(sum).values == [9, 18, 27, 36])

    let base = ["run", model, "--output", sum]
    try Command.expectFailure(base + ["--input", a], status: 64, "missing for 'right'")
    try Command.expectFailure(base + ["--input", a, "--input", b, "--input", a], status: 64, "more files than")
    try Command.expectFailure(base + ["--input", "left=\(a)", "--input", "left=\(b)"], status: 64, "given twice")
  }

  @Test func badInputs() throws {
    let output = folder.file("y.npy")
    func expectFailure(_ input: String, _ status: Int32, _ message: String) throws {
      try Command.expectFailure(["run", model, "--input", input, "--output", output, "--json"], status: status, message)
    }
    try expectFailure(folder.file("missing.npy"), 66, "missing.npy: no such file")
    try expectFailure(folder.path, 66, "not a regular file")
    try expectFailure(folder.write([], to: "empty.npy"), 65, "empty.npy: is empty")
    try expectFailure(folder.write(Array("hello, world".utf8), to: "text.npy"), 65, "not a .npy file")
    try expectFailure(folder.write(Array(contents(of: input).dropLast(5)), to: "short.npy"), 65, "truncated")
    try expectFailure(
      folder.write(NPYArray(shape: [1, 2, 4, 3], values: SmallModels.Pointwise.input.values).fileBytes, to: "turned.npy"), 65,
      "has the shape [1, 2, 4, 3], input 'image' of \(model) takes [1, 2, 3, 4]")
    try expectFailure(
      folder.write(NPYArray(shape: [24], values: SmallModels.Pointwise.input.values).fileBytes, to: "flat.npy"), 65, "[24]")
    #expect(!folder.names.contains("y.npy"), "nothing is written")
  }

  @Test func badModels() throws {
    let bytes = try contents(of: model)
    func expectFailure(_ model: String, _ status: Int32, _ message: String) throws {
      for command in [
        ["run", model, "--input", input, "--output", folder.file("y.npy")], ["inspect", model], ["bench", model],
        ["plan", model, "--memory", "1MB"],
      ] {
        try Command.expectFailure(command + ["--json"], status: status, message)
      }
    }
    try expectFailure(folder.file("missing.tnn"), 66, "missing.tnn: no such file")
    try expectFailure(folder.write([], to: "empty.tnn"), 65, "is empty")
    try expectFailure(folder.write(Array(bytes.dropLast(1)), to: "short.tnn"), 65, "truncated")
    try expectFailure(
      folder.write(bytes + [0], to: "long.tnn"), 65, "byte 16: it has \(bytes.count + 1) bytes, its header says \(bytes.count)")
    var damaged = bytes
    damaged[bytes.count / 2] ^= 0x10
    try expectFailure(folder.write(damaged, to: "damaged.tnn"), 65, "byte 24: it is damaged")
    try expectFailure(input, 65, "not a .tnn model")
    try expectFailure(folder.path, 66, "not a regular file")
    var newer = bytes
    newer[8] = 9
    try expectFailure(folder.write(newer, to: "newer.tnn"), 65, "format version 9")
    #expect(!folder.names.contains("y.npy"))
  }

  @Test func outputsThatCannotBeWritten() throws {
    func arguments(_ output: String) -> [String] { ["run", model, "--input", input, "--output", output, "--json"] }
    let missing = folder.file("missing/y.npy")
    try Command.expectFailure(arguments(missing), status: 73, "\(missing): its folder does not exist")
    try Command.expectFailure(arguments(folder.path), status: 73, "is a folder")
    try Command.expectFailure(arguments("/dev/full"), status: 74, "No space left on device")

    let bytes = NPYArray(shape: [3], values: [1, 2, 3]).fileBytes
    let old = try folder.write(bytes, to: "old.npy")
    let before = folder.names
    let result = try Command.limited("ulimit -f 0", arguments(old))
    // Standard error is a file here, too, and takes no bytes either.
    #expect(result.status == 74, "\(result)")
    #expect(try contents(of: old) == bytes, "the old file stays whole")
    #expect(folder.names == before, "no temporary file is left")
  }

  @Test func standardOutputThatCannotBeWritten() throws {
    let result = try Command.limited("exec >/dev/full", ["run", model, "--input", input, "--output", folder.file("y.npy")])
    Command.expect(result, status: 74, "standard output: cannot be written", ["run", ">/dev/full"])
  }

  @Test(arguments: [
    (["run"], "Missing expected argument"), (["run", "m.tnn"], "Missing expected argument '--input"),
    (["frobnicate"], "frobnicate"),
    (["bench", "m.tnn", "--runs", "0"], "--runs is 0"), (["bench", "m.tnn", "--runs", "many"], "many"),
    (["bench", "m.tnn", "--warmup=-1"], "--warmup is -1"), (["bench", "m.tnn", "--threads", "0"], "--threads is 0"),
    (["bench", "m.tnn", "--threads", "100000"], "--threads is 100000"), (["bench", "m.tnn", "--backend", "cuda"], "cuda"),
    (["plan", "m.tnn"], "--memory"), (["plan", "m.tnn", "--memory", "lots"], "lots"), (["inspect", "a", "b"], "b"),
  ])
  func wrongUsage(arguments: [String], message: String) throws { try Command.expectFailure(arguments, status: 64, message) }

  @Test func help() throws {
    for arguments in [["--help"], [], ["run", "--help"], ["inspect", "--help"], ["bench", "--help"], ["plan", "--help"]] {
      let result = try Command.run(arguments)
      #expect(result.status == 0 && result.output.contains("USAGE: edgessl") && result.errors.isEmpty, "\(arguments) \(result)")
    }
  }
}
