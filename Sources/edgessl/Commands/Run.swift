import ArgumentParser
import HostRuntime
import ModelCompiler
import TinyNN

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one raw tensor through the network: .npy in, .npy out, laid out as in the ONNX file.")

  @Argument(help: ArgumentHelp("The model file.", valueName: "M.tnn"))
  var model: String

  @Option(
    help: ArgumentHelp(
      "float32 array, images as [N, C, H, W]; once for each input, in order or by name.", valueName: "[NAME=]x.npy"))
  var input: [String]

  @Option(help: ArgumentHelp("Where the output goes; once for each output wanted, in order or by name.", valueName: "[NAME=]y.npy"))
  var output: [String]

  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func run() throws {
    let encoder = try runtime.open(model)
    let network = encoder.model
    let inputs = try assign(input, to: (0..<network.inputCount).map { name(network, network.input($0)) }, "input", all: true)
    let outputs = try assign(output, to: (0..<network.outputCount).map { name(network, network.output($0)) }, "output", all: false)

    var files: [OutputFile] = []
    for (_, path) in outputs {
      files.append(try OutputFile(path, .npy, option: "--output", inputs: [model] + inputs.map(\.1), besides: files))
    }
    for (index, path) in inputs {
      try fill(encoder.session.input(index), from: path, inputName: name(network, network.input(index)))
    }
    let start = monotonicNanoseconds()
    encoder.session.run()
    let milliseconds = Double(monotonicNanoseconds() - start) / 1e6

    var written: [JSON] = [], lines: [String] = []
    for ((index, path), file) in zip(outputs, files) {
      let tensor = encoder.session.output(index)
      let array = NPYArray(shape: tensor.shape.extents, values: (0..<tensor.shape.count).map { tensor.floats[$0] })
      try file.write(array.fileBytes)
      let (name, checksum) = (name(network, network.output(index)), hexadecimal(checksum(of: array.values)))
      written.append([
        "name": .string(name), "file": .string(path), "shape": JSON(array.shape), "checksum": .string(checksum),
      ])
      lines.append("\(path): \(name) \(tensor.shape), checksum \(checksum)".onOneLine)
    }
    try results.print(
      [
        "model": .string(model), "outputs": .array(written), "milliseconds": .number(milliseconds),
        "threads": .integer(runtime.threads),
        "backend": .string(runtime.backend.rawValue), "arenaBytes": .integer(encoder.plan.arenaByteCount),
      ],
      text: (lines + ["\(decimal(milliseconds, digits: 3)) ms"]).joined(separator: "\n"))
  }

  private func name(_ network: Model, _ tensor: Int) -> String { network.name(at: network.tensor(tensor).nameOffset).string }

  /// Which file belongs to which input or output: those named first, the others in order.
  private func assign(_ values: [String], to names: [String], _ role: String, all: Bool) throws(Failure) -> [(Int, String)] {
    let list = "the model's \(role)s are: \(names.joined(separator: ", "))"
    var files = [String?](repeating: nil, count: names.count)
    var unnamed: [String] = []
    for value in values {
      guard let index = names.firstIndex(where: { value.hasPrefix($0 + "=") && !$0.isEmpty }) else {
        unnamed.append(value)
        continue
      }
      guard files[index] == nil else { throw Failure(.usage, "--\(role) \(names[index]) is given twice; \(list)") }
      files[index] = String(value.dropFirst(names[index].count + 1))
    }
    for file in unnamed {
      guard let index = files.firstIndex(where: { $0 == nil }) else {
        throw Failure(.usage, "--\(role) \(file): more files than the model has \(role)s; \(list)")
      }
      files[index] = file
    }
    if all, let missing = files.firstIndex(where: { $0 == nil }) {
      throw Failure(.usage, "--\(role) is missing for '\(names[missing])'; \(list)")
    }
    return files.enumerated().compactMap { index, file in file.map { (index, $0) } }
  }

  /// Reads a file into an input of the network. Images are NHWC there, and [N, C, H, W] or the same NHWC in the file.
  private func fill(_ tensor: Tensor, from path: String, inputName: String) throws {
    let file = try MappedFile(path)
    let array = try NPYArray(file.bytes, path: path)
    let stored = tensor.shape.extents
    let isImage = stored.count == 4
    let expected = isImage ? [stored[0], stored[3], stored[1], stored[2]] : stored
    if array.shape == expected, isImage {
      let (height, width, channels) = (stored[1], stored[2], stored[3])
      var index = 0
      for image in 0..<stored[0] {
        for channel in 0..<channels {
          for pixel in 0..<height * width {
            tensor.setValue(array.values[index], at: (image * height * width + pixel) * channels + channel)
            index += 1
          }
        }
      }
    } else if array.shape == stored {
      for index in array.values.indices { tensor.setValue(array.values[index], at: index) }
    } else {
      throw Failure(.badData, "\(path): has the shape \(array.shape), input '\(inputName)' of \(model) takes \(expected)")
    }
  }
}

/// The checksum of values as they lie in memory, little endian.
func checksum(of values: [Float]) -> UInt64 {
  values.withUnsafeBytes { Checksum.of(ByteRegion($0)) }
}
