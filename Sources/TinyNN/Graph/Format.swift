/// Constants of the .tnn file, version 1. `Documentation/model-format.md` draws the whole of it.
public enum Format {
  /// Non-ASCII first byte, name, line ends: a transfer that mangles text is found at the first byte, as PNG does.
  public static let magic: UInt64 = 0x0A1A_0A0D_4E4E_5489  // 89 'T' 'N' 'N' 0D 0A 1A 0A, little endian
  public static let version: UInt32 = 1
  /// Of files with sections that change the meaning of others, which readers of version 1 must not skip.
  public static let extendedVersion: UInt32 = 2
  public static let headerByteCount = 64
  public static let sectionEntryByteCount = 32
  public static let maximumSectionCount = 64
  /// Alignment of every section and of every constant, and of every tensor in the arena: a cache line.
  public static let alignment = 64
  public static let none: UInt32 = 0xFFFF_FFFF

  public static let tensorRecordByteCount = 64
  public static let operatorRecordByteCount = 32
  public static let planHeaderByteCount = 16
  public static let planRecordByteCount = 16
  public static let interfaceHeaderByteCount = 16

  /// Byte offsets in the record of a tensor.
  enum TensorField {
    static let elementType = 0
    static let storage = 1
    static let rank = 2
    static let name = 4
    static let extents = 8
    static let dataOffset = 32
    static let byteCount = 40
    static let scale = 48
    static let zeroPoint = 52
  }

  public static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) & ~(alignment - 1) }
}

/// What a section of the file holds. The raw value is the code in the section table.
public enum SectionKind: UInt32, Sendable {
  case interface = 1
  case tensors
  case operators
  case operands
  case attributes
  case plan
  case names
  case weights
  case preprocessing
  case statistics
  case classes
  case examples
  case head
  case history
  case provenance
  case adaptation
  /// Only in files of version 2.
  case unlabelled

  /// The largest code.
  public static let last = unlabelled
}
