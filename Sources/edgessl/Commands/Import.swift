import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import ModelCompiler
import ONNXImport
import TinyNN

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn an ONNX encoder into a .tnn file.",
    discussion: """
      The network keeps what leads to the embedding: without --embedding, to what the final classifier reads. How photos \
      become its input is stored in the file: the short side is resized to N / F, the centre N x N is cut out, and each \
      channel becomes (value - mean) / std, with values from 0 to 255.
      """)

  @Argument(help: ArgumentHelp("The ONNX file.", valueName: "MODEL.onnx"))
  var source: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "M.tnn"))
  var output: String

  @Option(help: ArgumentHelp("Height and width of the input, where the ONNX file leaves them open.", valueName: "N"))
  var inputSize: Int?

  @OptionGroup(title: "Photos") var photos: PreprocessingOptions

  @Option(help: ArgumentHelp("The tensor or node that gives the embedding.", valueName: "name"))
  var embedding: String?

  @Flag(help: "Keep every output of the ONNX graph instead of the embedding, for run.")
  var allOutputs = false

  @Option(
    help: ArgumentHelp(
      "Photos of anything: what their embeddings look like is stored, so that tasks can tell the unknown from one photo on.",
      valueName: "DIR"))
  var statistics: String?

  @Option(
    help: ArgumentHelp(
      """
      With --statistics: one folder of photos for each of at least \(ScaleTable.ways) classes, on which confidence \
      is fitted for tasks with one or two photos of a class. (default: the folders of --statistics, where they are \
      enough)
      """,
      valueName: "DIR"))
  var classes: String?

  @OptionGroup var reduction: ArenaReduction

  @OptionGroup var results: OutputOptions

  func validate() throws {
    if classes != nil, statistics == nil { throw ValidationError("--classes goes with --statistics: name photos of anything, too") }
  }

  func run() throws {
    let file = try OutputFile(output, .tnn, option: "-o", inputs: [source])
    var imported: ImportedModel
    do {
      imported = try importONNX(
        contentsOf: source, options: ImportOptions(inputSize: inputSize, embedding: embedding, allOutputs: allOutputs))
    } catch {
      throw Failure(error, in: source)
    }
    // Outputs carry the names of the ONNX file, under which run finds them.
    for (tensor, output) in zip(imported.graph.outputs, imported.outputs) { imported.graph.rename(tensor, to: output.name) }
    var provenance = provenance(imported)
    try reduction.apply(to: &imported.graph, &provenance, source: source)
    var writer = imported.graph.lowered()
    let input = imported.graph.shape(imported.graph.inputs[0])
    var lines: [String] = []
    let preprocessing = try photos.preprocessing(for: input, imported.expectedPixels, source, &lines)
    if let preprocessing { writer.add(.preprocessing, preprocessing.record) }
    writer.add(.provenance, provenance.section)
    do { try AvailableMemory.require(3 * writer.byteCount) } catch { throw Failure(error, in: source) }
    var bytes = writer.finish()
    if let statistics { bytes = try withStatistics(of: statistics, bytes) }

    let memory = AlignedMemory(copying: bytes)
    let summary: ModelSummary
    do { summary = try ModelSummary(Model(validating: memory.bytes)) } catch {
      // The node, where it is one whose operands do not fit.
      do { try imported.graph.checkTypes() } catch { throw Failure(.internalError, "\(source): \(error); please report this") }
      throw Failure(
        .internalError, "\(source): the imported model does not pass its own check (\(error.reason)); please report this")
    }
    try file.write(bytes)
    for line in imported.notes { note("\(source): \(line)") }
    for line in lines { warn("\(source): \(line)") }
    try results.print(json(imported, summary, preprocessing), text: text(summary, preprocessing, byteCount: bytes.count))
  }

  /// The file's bytes with the statistics of all photos below `folder`.
  private func withStatistics(of folder: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let photos: [String]
    do { photos = try PhotoFolder.allPhotos(below: folder) } catch { throw ClassFolders.failure(error) }
    do {
      let source = try PhotoSource(PhotoEncoder(ModelRunner(bytes: bytes)), observer: console(self.source))
      var gathered = try EncoderStatistics(of: photos, source, .embedding)
      guard source.skipped.count < photos.count else {
        throw Failure(.missingInput, "\(folder): no photos that can be read; name a folder of photos")
      }
      guard gathered.photoCount >= EncoderStatistics.photoMinimum else {
        warn("\(tooFewForStatistics(gathered.photoCount, in: folder)) are left out")
        return bytes
      }
      gathered.scales = try ScaleTablePhotos(classes: classes, statistics: folder).table(source, gathered)
      return gathered.file(of: source.model)
    } catch { throw Failure(error, in: source) }
  }

  private func provenance(_ imported: ImportedModel) -> Provenance {
    let name = source.split(separator: "/").last.map(String.init) ?? source
    let fields = [("source", name), ("producer", imported.producer), ("opset", "\(imported.opset)")]
    return Provenance(fields: fields.filter { !$0.1.isEmpty })
  }

  private func json(_ imported: ImportedModel, _ summary: ModelSummary, _ preprocessing: Preprocessing?) -> JSON {
    let counts = imported.sourceOperatorCounts.sorted { $0.key < $1.key }.map { ($0.key, JSON.integer($0.value)) }
    return .object(
      [("source", .string(source)), ("model", .string(output)), ("checksum", .string(hexadecimal(summary.model.checksum)))]
        + summary.fields + [
          ("sourceOperators", .object(counts.map { (name: $0.0, value: $0.1) })), ("embedding", .string(imported.embeddingName)),
          ("opset", .integer(imported.opset)), ("producer", .string(imported.producer)),
          ("preprocessing", preprocessing?.json ?? .null),
        ])
  }

  private func text(_ summary: ModelSummary, _ preprocessing: Preprocessing?, byteCount: Int) -> String {
    let photos = preprocessing?.text ?? "the input is not an RGB image: only run takes it"
    return (["written     \(output.onOneLine), \(grouped(byteCount)) bytes"] + summary.lines + ["photos      \(photos)"]).joined(
      separator: "\n")
  }
}

/// How photos become the input of a network.
struct PreprocessingOptions: ParsableArguments {
  enum Preset: String, ExpressibleByArgument, CaseIterable { case imagenet }
  enum Interpolation: String, ExpressibleByArgument, CaseIterable { case bilinear, bicubic }

  @Option(help: "imagenet: mean 123.675,116.28,103.53, std 58.395,57.12,57.375, crop fraction 0.875.")
  var preset: Preset?

  @Option(help: ArgumentHelp("Subtracted from values 0 to 255; one number serves all channels. (default: 0)", valueName: "A[,B,C]"))
  var mean: ChannelValues?

  @Option(help: ArgumentHelp("Divides after that. (default: 1)", valueName: "A[,B,C]"))
  var std: ChannelValues?

  @Option(help: ArgumentHelp("The part of the resized short side that is kept. (default: 1.0)", valueName: "F"))
  var cropFraction: Float?

  @Option(help: "The filter that resizes; both are antialiased.")
  var interpolation = Interpolation.bilinear

  func validate() throws {
    if let cropFraction, !(cropFraction > 0 && cropFraction <= 1) {
      throw ValidationError("--crop-fraction is \(cropFraction); it must be above 0 and at most 1")
    }
    if let std, !(std.values.min() > 0) { throw ValidationError("--std must be above 0") }
  }

  private var isNormalized: Bool { preset != nil || mean != nil || std != nil }
  private var isGiven: Bool { preset != nil || mean != nil || std != nil || cropFraction != nil }

  /// Nil if the network does not take RGB images, and nothing was said about them. Adds to `lines` what was taken otherwise than it
  /// was said, or not said as the network needs it.
  func preprocessing(
    for input: Shape, _ pixels: ExpectedPixels, _ source: String, _ lines: inout [String]
  ) throws(Failure) -> Preprocessing? {
    if let reason = input.reasonAgainstPhotos {
      if isGiven { throw Failure(.usage, "\(source): \(reason); without the options for photos it is imported for run") }
      return nil
    }
    let isImageNet = preset == .imagenet
    let normalization = try normalization(pixels, source, &lines)
    do {
      return try Preprocessing(
        inputHeight: input[1], inputWidth: input[2], cropFraction: cropFraction ?? (isImageNet ? 0.875 : 1),
        interpolation: interpolation == .bicubic ? .bicubic : .bilinear,
        mean: normalization.mean, standardDeviation: normalization.standardDeviation)
    } catch { throw Failure(.usage, "\(source): \(error)") }
  }

  /// What was said about pixels, on the scale of 0 to 255.
  private func normalization(
    _ pixels: ExpectedPixels, _ source: String, _ lines: inout [String]
  ) throws(Failure) -> PixelNormalization {
    let imageNet = (mean: SIMD3<Float>(123.675, 116.28, 103.53), standardDeviation: SIMD3<Float>(58.395, 57.12, 57.375))
    let none = (mean: SIMD3<Float>(repeating: 0), standardDeviation: SIMD3<Float>(repeating: 1))
    let result: PixelNormalization
    do {
      result = try PixelNormalization(
        mean: mean?.values, standardDeviation: std?.values, defaults: preset == .imagenet ? imageNet : none)
    } catch {
      throw Failure(
        .usage,
        "\(source): --mean and --std are of different scales, one for pixels from 0 to 1; for pixels from 0 to 255 they would be: "
          + "--mean \(error.mean.text) --std \(error.standardDeviation.text)")
    }
    if result.wasUnitScale {
      lines.append(
        "--mean and --std are of pixels from 0 to 1; taken as those of pixels from 0 to 255: --mean \(result.mean.text) "
          + "--std \(result.standardDeviation.text)")
    }
    switch pixels {
    case .bytes where isNormalized && result.standardDeviation.min() > 2:
      lines.append("the network itself scales pixels from 0 to 255; with these options they are scaled twice: leave them out")
    case .unit where !isNormalized:
      lines.append("the network itself normalises, but pixels from 0 to 1, and gets them from 0 to 255; give: --std 255")
    case .normalizedOutside where !isNormalized:
      lines.append(
        "the network gets pixels from 0 to 255 as they are; if it was trained on normalised ones, give --preset imagenet, "
          + "or its --mean and --std (or --std 1 to say that it was not)")
    default: break
    }
    return result
  }
}

extension SIMD3<Float> {
  /// As --mean and --std take it.
  fileprivate var text: String { x == y && y == z ? "\(x)" : "\(x),\(y),\(z)" }
}

/// One number for all channels, or three.
struct ChannelValues: ExpressibleByArgument, Equatable {
  let values: SIMD3<Float>

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
    let numbers = parts.compactMap { $0 }.filter(\.isFinite)
    guard numbers.count == parts.count, numbers.count == 1 || numbers.count == 3 else { return nil }
    values = numbers.count == 1 ? SIMD3(repeating: numbers[0]) : SIMD3(numbers[0], numbers[1], numbers[2])
  }
}

extension Failure {
  /// An ONNX file that was refused; errors of the file system name the path themselves.
  fileprivate init(_ error: ONNXImportError, in path: String) {
    switch error.reason {
    case .missing: self.init(.missingInput, error.description)
    case .unreadable: self.init(.inputOutput, error.description)
    case .malformed: self.init(.badData, "\(path): \(error); export the model again")
    case .otherFormat: self.init(.badData, "\(path): \(error)")
    case .unsupported, .invalidNode: self.init(.badData, "\(path): \(error)")
    case .wrongOption: self.init(.usage, "\(path): \(error)")
    }
  }
}
