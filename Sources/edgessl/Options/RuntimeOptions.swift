import ArgumentParser
import FewShotHost
import HostRuntime
import OpenBLASBackend
import TinyNN

/// How a command runs a network.
struct RuntimeOptions: ParsableArguments {
  enum Backend: String, ExpressibleByArgument, CaseIterable {
    /// Our kernels: the same bits on every machine, for any number of threads.
    case builtin
    case openblas
  }

  static let maximumThreadCount = 256

  @Option(
    name: .customLong("threads"),
    help: ArgumentHelp("Threads that compute; the result does not depend on it. (default: 1)", valueName: "N"))
  var wantedThreads: Int?

  var threads: Int { wantedThreads ?? 1 }

  @Option(help: "Matrix multiplication: builtin gives the same bits on every machine, openblas does not.")
  var backend = Backend.builtin

  func validate() throws {
    guard 1...RuntimeOptions.maximumThreadCount ~= threads else {
      throw ValidationError("--threads is \(threads); it must be 1 to \(RuntimeOptions.maximumThreadCount)")
    }
  }

  /// Opens a .tnn file for running.
  func open(_ path: String) throws(Failure) -> ModelRunner {
    let file = try openEncoderFile(path)
    let openBLAS = backend == .openblas ? OpenBLASBackend() : nil
    if backend == .openblas, openBLAS == nil {
      throw Failure(.usage, "--backend openblas: OpenBLAS is not installed; install libopenblas0, or leave the option out")
    }
    do { return try ModelRunner(file: file, threads: threads, kernels: openBLAS?.kernels(), backend: openBLAS) } catch {
      throw Failure(error, in: path)
    }
  }

  /// Opens an encoder for photos, which are reported as everywhere in the command.
  func photos(_ path: String, strict: Bool = false) throws(Failure) -> PhotoSource {
    let opened = try open(path)
    do { return PhotoSource(try PhotoEncoder(opened), isStrict: strict, observer: console(path)) } catch {
      throw Failure(error, photo: nil, encoder: path)
    }
  }
}

/// Opens and checks a .tnn file without planning to run it; the file owns the model's bytes.
func openModelFile(_ path: String) throws(Failure) -> (file: MappedFile, model: Model) {
  let file = try openEncoderFile(path)
  do { return (file, try Model(validating: file.bytes)) } catch { throw Failure(error, in: path) }
}

/// The bytes of a .tnn file, or of the shipped encoder of that name.
func openEncoderFile(_ path: String) throws(Failure) -> MappedFile {
  let path = try encoderFile(path)
  do { return try MappedFile(path) } catch { throw error.failure }
}
