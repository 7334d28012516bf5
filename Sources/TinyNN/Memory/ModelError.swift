/// Why a model file, a plan or an arena was refused.
///
/// A plain value, so that it can be thrown without allocation; `Documentation/errors.md` says where each check lives.
public struct ModelError: Error, Equatable, Sendable {
  public enum Reason: UInt8, Sendable {
    case truncated = 1
    case wrongMagic
    case wrongVersion
    case wrongLength
    case wrongChecksum
    case misaligned
    case sectionOutOfBounds
    case sectionMissing
    case sectionRepeated
    case sectionWrongSize
    case unknownElementType
    case wrongShape
    case constantOutOfBounds
    case unknownOperator
    case wrongOperandCount
    case operandOutOfBounds
    case operandNotYetComputed
    case tensorProducedTwice
    case tensorNeverProduced
    case attributesMalformed
    case attributeOutOfRange
    case operandTypeMismatch
    case resultTypeMismatch
    case nameOutOfBounds
    case planOutOfBounds
    case planOverlap
    case planLifetime
    case quantizationMalformed
    case preprocessingMalformed
    case statisticsMalformed
    case taskMalformed
    case arenaTooSmall
    case arenaMisaligned
  }

  public var reason: Reason
  /// The byte in the file at which the refused record starts; `arenaTooSmall` and `arenaMisaligned` have none (0).
  public var byteOffset: Int
  /// The operator concerned, in execution order, or -1.
  public var operatorIndex: Int
  /// What was found and what was needed, in the unit of the reason (bytes, counts), or 0.
  public var found: Int
  public var needed: Int

  public init(_ reason: Reason, at byteOffset: Int = 0, operator operatorIndex: Int = -1, found: Int = 0, needed: Int = 0) {
    self.reason = reason
    self.byteOffset = byteOffset
    self.operatorIndex = operatorIndex
    self.found = found
    self.needed = needed
  }

  /// The same error, placed at a record of the file.
  func placed(at byteOffset: Int, operator operatorIndex: Int) -> ModelError {
    ModelError(reason, at: byteOffset, operator: operatorIndex, found: found, needed: needed)
  }
}
