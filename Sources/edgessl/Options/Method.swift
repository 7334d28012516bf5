import FewShot
import FewShotHost

/// What `--method` names.
enum Method: Equatable, Sendable {
  /// A head on the encoder as it is.
  case frozen(LearningMethod)
  /// Trains the encoder's tail; its head is prototypes.
  case finetune

  static let all = [frozen(.auto)] + HeadMethod.allCases.map { frozen(.head($0)) } + [finetune]
  static var names: String { all.map(\.name).joined(separator: ", ") }

  var name: String {
    switch self {
    case .frozen(.auto): "auto"
    case .frozen(.head(let method)): "\(method)"
    case .finetune: "finetune"
    }
  }

  /// The head that it learns.
  var learning: LearningMethod {
    switch self {
    case .frozen(let method): method
    case .finetune: .head(.prototype)
    }
  }

  /// The methods of a list separated by commas; `finetune` goes alone.
  static func list(_ text: String) throws(Failure) -> [Method] {
    if text == finetune.name { return [finetune] }
    var result: [Method] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let found = all.first { $0.name == part }
      guard let method = found, method != finetune else {
        let reason = found == finetune ? "goes alone" : "is not a method"
        throw Failure(.usage, "--method: '\(part)' \(reason); there is: \(names)")
      }
      result.append(method)
    }
    return result
  }

  static func one(_ text: String) throws(Failure) -> Method {
    let methods = try list(text)
    guard methods.count == 1 else { throw Failure(.usage, "--method \(text): name one method, or auto, which chooses") }
    return methods[0]
  }
}
