import ArgumentParser
import FewShotHost
import HostRuntime
import TinyNN

struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn photos into embeddings: a .npy array with one row for each photo.")

  @Argument(help: ArgumentHelp("The encoder, or a task file.", valueName: "M.tnn"))
  var model: String

  @Argument(help: ArgumentHelp("Photos: JPEG, PNG or PPM; - reads standard input.", valueName: "IMAGE"))
  var images: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the array goes, float32 [photos, dimension].", valueName: "y.npy"))
  var output: String

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func validate() throws {
    if images.isEmpty { throw ValidationError("no photos: name at least one") }
  }

  func run() throws {
    let file = try OutputFile(output, .npy, option: "-o", inputs: [model] + images)
    let source = try runtime.photos(model)
    var progress = Progress("Embedding", total: images.count)
    var values: [Float] = []
    for (index, image) in images.enumerated() {
      do { values += try source.embedding(of: image) } catch { throw Failure(error, encoder: model) }
      progress.update(done: index + 1)
    }
    progress.finish()
    let dimension = source.encoder.dimension
    try file.write(NPYArray(shape: [images.count, dimension], values: values).fileBytes)
    try results.print(
      [
        "model": .string(model), "output": .string(output), "photos": .integer(images.count), "dimension": .integer(dimension),
        "checksum": .string(hexadecimal(checksum(of: values))),
      ],
      text: "\(output.onOneLine): \(images.count) x \(dimension) values, checksum \(hexadecimal(checksum(of: values)))")
  }
}
