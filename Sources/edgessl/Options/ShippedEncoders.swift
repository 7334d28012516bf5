import Glibc
import HostRuntime

/// The encoders that edgessl is installed with: files NAME.tnn in folders of a folder `models`.
///
/// A command takes their names where it takes the path of an encoder.
struct ShippedEncoders {
  static let usual = "edge-s"

  struct Accuracy: Equatable {
    /// Percent of photos right, 5 classes, from one and from five photos of each.
    let oneShot, fiveShot: Double
  }

  let folder: String

  /// The first folder that has an encoder: beside the executable (../share/edgessl), in a folder above it, or below the
  /// current one.
  static func find() -> ShippedEncoders? {
    folders(executable: executablePath(), current: ".").map(ShippedEncoders.init).first { $0.path(of: usual) != nil }
  }

  static func folders(executable: String?, current: String) -> [String] {
    var folders: [String] = []
    if let executable {
      var folder = parentFolder(of: executable)
      folders.append(parentFolder(of: folder) + "/share/edgessl/models")
      while folder != "/", folder != "." {
        folders.append("\(folder)/models")
        folder = parentFolder(of: folder)
      }
    }
    folders.append(current == "." ? "models" : "\(current)/models")
    return folders
  }

  private func name(_ path: String) -> String { String(path.split(separator: "/").last!.dropLast(".tnn".count)) }

  /// Names in the order of the alphabet: edge-s, edge-s-int8.
  var names: [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(folder + "/*/*.tnn", 0, nil, &found) == 0 else { return [] }
    // glob's paths are C strings that live until globfree; it stores as many as it says.
    let paths = (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    return paths.filter { path(of: name($0)) == $0 }.map(name).sorted()
  }

  /// The file of an encoder: that of `edge-s-int8` lies in the folder `edge-s`, and one that is shipped in int8 alone has
  /// both names. Nil where there is none.
  func path(of name: String) -> String? {
    let family = name.hasSuffix("-int8") ? String(name.dropLast(5)) : name
    return ["\(folder)/\(family)/\(name).tnn", "\(folder)/\(family)/\(family)-int8.tnn"].first(where: isFile)
  }

  /// What the model cards say, of `accuracy.txt`: a name and two numbers on each line, # before remarks.
  func accuracies() -> [String: Accuracy] {
    guard let file = try? MappedFile(folder + "/accuracy.txt") else { return [:] }
    var found: [String: Accuracy] = [:]
    let text = String(decoding: (0..<file.bytes.count).map { file.bytes.load(UInt8.self, at: $0) }, as: UTF8.self)
    for line in text.split(separator: "\n") where line.first != "#" {
      let words = line.split(separator: " ")
      guard words.count == 3, let one = Double(words[1]), let five = Double(words[2]) else { continue }
      found[String(words[0])] = Accuracy(oneShot: one, fiveShot: five)
    }
    return found
  }
}

/// The file that an argument for an encoder means: a file or folder of that name, else the shipped encoder of that name.
func encoderFile(_ argument: String) throws(Failure) -> String {
  guard !argument.contains("/"), !argument.contains("."), access(argument, F_OK) != 0 else { return argument }
  if let path = ShippedEncoders.find()?.path(of: argument) { return path }
  throw Failure(.missingInput, "\(argument): no such file, and no shipped encoder of that name; edgessl models lists those")
}

/// The real path of the running program.
func executablePath() -> String? {
  guard let path = realpath("/proc/self/exe", nil) else { return nil }
  defer { free(path) }
  return String(cString: path)
}
