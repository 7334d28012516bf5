import HostRuntime
import TinyNN

extension ModelError {
  /// One line for people: which file, where in it, what is wrong, what to do.
  func explanation(in path: String) -> String {
    var place = path
    if byteOffset > 0 { place += ", byte \(byteOffset)" }
    if operatorIndex >= 0 { place += ", operator \(operatorIndex)" }
    if reason == .wrongMagic, let file = try? MappedFile(path),
      let other = ForeignFormat(file.bytes.slice(0, min(file.bytes.count, ForeignFormat.byteCount)).array)
    {
      return "\(place): is \(other.name), not a .tnn model; \(other.advice)"
    }
    return "\(place): \(finding); \(remedy)"
  }

  private var finding: String {
    switch reason {
    case .truncated: "the file is truncated: it has \(found) of \(needed) bytes"
    case .wrongMagic: "not a .tnn model, its first bytes are others"
    case .wrongVersion: "it has format version \(found), this program reads version \(needed)"
    case .wrongLength: "it has \(found) bytes, its header says \(needed)"
    case .wrongChecksum: "it is damaged: its bytes do not match its checksum"
    case .misaligned: "a part does not start at a multiple of \(needed)"
    case .sectionOutOfBounds: "a section lies outside the file"
    case .sectionMissing: "the section '\(sectionName(needed))' is missing"
    case .sectionRepeated: "the section '\(sectionName(found))' is there twice"
    case .sectionWrongSize: "a section has \(found) bytes\(needed > 0 ? ", not \(needed)" : ""), which does not fit its records"
    case .unknownElementType: "element type \(found) is not known"
    case .wrongShape: "a tensor's shape or size does not fit\(foundAndNeeded)"
    case .constantOutOfBounds: "a constant does not fit into the weights\(foundAndNeeded)"
    case .unknownOperator: "operator code \(found) is not known"
    case .wrongOperandCount: "an operator has a wrong number of operands\(foundAndNeeded)"
    case .operandOutOfBounds: "an operand names a tensor that does not exist\(foundAndNeeded)"
    case .operandNotYetComputed: "tensor \(found) is read before it is computed"
    case .tensorProducedTwice: "tensor \(found) is computed twice"
    case .tensorNeverProduced: "tensor \(found) is never computed"
    case .attributesMalformed: "an operator's attributes are malformed"
    case .attributeOutOfRange: "an operator's attribute is out of range (\(found))"
    case .operandTypeMismatch: "an operand has the wrong element type or storage\(foundAndNeeded)"
    case .resultTypeMismatch: "output \(found) of an operator has another type or shape than the operator computes"
    case .nameOutOfBounds: "a name lies outside the names section"
    case .planOutOfBounds: "the memory plan places a tensor outside the arena"
    case .planOverlap: "the memory plan lets tensors \(found) and \(needed) overlap while both are in use"
    case .planLifetime: "the memory plan frees a tensor while it is in use"
    case .quantizationMalformed: "a tensor's int8 scale or zero point is malformed, or does not fit its operator\(foundAndNeeded)"
    case .preprocessingMalformed: "the preprocessing section is malformed or does not fit the input\(foundAndNeeded)"
    case .statisticsMalformed: "the statistics section is malformed\(foundAndNeeded)"
    case .taskMalformed: "the sections of the task are malformed\(foundAndNeeded)"
    case .arenaTooSmall: "the arena has \(found) bytes, the plan needs \(needed)"
    case .arenaMisaligned: "the arena does not start at a multiple of \(needed)"
    }
  }

  private var foundAndNeeded: String {
    found == 0 && needed == 0 ? "" : " (found \(found), needed \(needed))"
  }

  private var remedy: String {
    switch reason {
    case .truncated, .wrongLength, .wrongChecksum: "copy it again, or make it again from its source"
    case .wrongMagic: "make a model with: edgessl import MODEL.onnx -o MODEL.tnn"
    case .wrongVersion, .unknownOperator, .unknownElementType: "make it again with this version of edgessl, or update edgessl"
    default: "the file was made wrongly: make it again from its source"
    }
  }

  private func sectionName(_ code: Int) -> String {
    guard code >= 0, let kind = SectionKind(rawValue: UInt32(truncatingIfNeeded: code)) else { return "\(code)" }
    return "\(kind)"
  }
}
