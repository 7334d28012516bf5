import BuildStamp
import TinyNN

/// What this program is, for `--version` and reports of faults.
enum BuildVersion {
  static let number = "1.0.0"

  /// Of which it was built, with "+" where files were changed; "unknown" after a plain `swift build`.
  static var commit: String { String(cString: build_stamp()) }

  static var text: String {
    #if compiler(>=6.4)
      let swift = "6.4 or later"
    #elseif compiler(>=6.3)
      let swift = "6.3"
    #else
      let swift = "6.2"
    #endif
    #if arch(x86_64)
      let processor = "x86-64"
    #elseif arch(arm64)
      let processor = "AArch64"
    #else
      let processor = "unknown processor"
    #endif
    return "edgessl \(number), commit \(commit), Swift \(swift), \(processor) with \(InstructionSet.best)"
  }
}
