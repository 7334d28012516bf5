import ArgumentParser
import HostRuntime
import ModelCompiler
import TinyNN

struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the encoders that edgessl is installed with, and what a photo costs on this machine.",
    discussion: "A command takes these names where it takes the path of an encoder: edgessl adapt --model edge-m DIR.")

  @OptionGroup var output: OutputOptions

  private struct Entry {
    let name: String
    let path: String
    let accuracy: ShippedEncoders.Accuracy?
    let fileByteCount, side, dimension, multiplyAdds, arenaByteCount: Int
    /// Median time of the network for one photo, on one thread.
    let milliseconds: Double

    init(_ name: String, _ path: String, _ accuracy: ShippedEncoders.Accuracy?) throws(Failure) {
      self.name = name
      self.path = path
      self.accuracy = accuracy
      let file = try openEncoderFile(path)
      fileByteCount = file.bytes.count
      do {
        let runner = try ModelRunner(file: file)
        let model = runner.model
        side = model.tensor(model.input(0)).type.shape[1]
        dimension = model.tensor(model.output(0)).type.shape.count
        let summary = try ModelSummary(model)
        multiplyAdds = summary.multiplyAdds
        arenaByteCount = summary.plan.arenaByteCount
        let input = BenchInput(model)
        var latencies = Latencies()
        for run in 0..<12 {
          input.fill(runner)
          let start = monotonicNanoseconds()
          runner.session.run()
          if run >= 3 { latencies.append(monotonicNanoseconds() - start) }
        }
        milliseconds = latencies.milliseconds(atPercent: 50)
      } catch {
        throw Failure(error, in: path)
      }
    }

    var json: JSON {
      [
        "name": .string(name), "path": .string(path), "fileBytes": .integer(fileByteCount), "inputSide": .integer(side),
        "dimension": .integer(dimension), "macs": .integer(multiplyAdds), "arenaBytes": .integer(arenaByteCount),
        "accuracy": accuracy.map { ["oneShot": .number($0.oneShot), "fiveShot": .number($0.fiveShot)] } ?? .null,
        "milliseconds": .number(milliseconds),
      ]
    }

    var cells: [String] {
      [
        name, "\(side) px", "\(dimension)", "\(ByteSize(fileByteCount))", "\(decimal(Double(multiplyAdds) / 1e6, digits: 1)) M",
        "\(ByteSize(arenaByteCount))", accuracy.map { "\(decimal($0.oneShot, digits: 1)) %" } ?? "-",
        accuracy.map { "\(decimal($0.fiveShot, digits: 1)) %" } ?? "-", "\(decimal(milliseconds, digits: 1)) ms",
      ]
    }
  }

  func run() throws {
    guard let shipped = ShippedEncoders.find() else {
      throw Failure(.missingInput, "no shipped encoder found; install them: make install")
    }
    let accuracies = shipped.accuracies()
    let entries = try shipped.names.map { name throws(Failure) in
      try Entry(name, shipped.path(of: name)!, accuracies[name])
    }
    try output.print(["folder": .string(shipped.folder), "encoders": .array(entries.map(\.json))], text: text(entries))
  }

  private func text(_ entries: [Entry]) -> String {
    var table = Table([
      ("encoder", .left), ("input", .right), ("values", .right), ("file", .right), ("multiply-adds", .right), ("arena", .right),
      ("1 photo", .right), ("5 photos", .right), ("time", .right),
    ])
    for entry in entries { table.append(entry.cells) }
    return table.text
      + "\n1 and 5 photos: right answers among 5 classes taught with so many photos of each, mean of the model card's sets;"
      + "\ntime: the network on one photo, one thread of this machine."
  }
}
