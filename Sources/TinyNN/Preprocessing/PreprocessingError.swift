/// Why preprocessing was refused.
public enum PreprocessingError: Error, Equatable, Sendable {
  /// A value of `Preprocessing`, in the order of the fields in the .tnn record.
  public enum Field: Sendable {
    case version, inputHeight, inputWidth, interpolation, cropFraction, mean, standardDeviation, reserved

    /// Bytes from the start of the record to the field.
    public var recordOffset: Int {
      switch self {
      case .version: 0
      case .inputHeight: 4
      case .inputWidth: 8
      case .interpolation: 12
      case .cropFraction: 16
      case .mean: 20
      case .standardDeviation: 32
      case .reserved: 44
      }
    }
  }

  /// A value is out of its range.
  case invalidField(Field)
  /// The record in the file is not `Preprocessing.recordByteCount` bytes long.
  case wrongRecordSize(actual: Int)
  /// The photo or its reduction is outside the limits of `PhotoSize`, or the photo is so long and thin that the
  /// resized photo would have more than 2^29 columns or rows.
  case unsupportedPhotoSize(height: Int, width: Int)
  /// The pixel buffer, or one row of it, holds fewer bytes than the photo's size needs.
  case tooFewPixelBytes(required: Int, actual: Int)
  /// The row stride is smaller than a row.
  case strideTooSmall(required: Int, actual: Int)
  /// The output tensor has another number of elements.
  case wrongOutputCount(required: Int, actual: Int)
  /// The scratch memory is too small.
  case scratchTooSmall(required: Int, actual: Int)
  /// The scratch memory does not start at a multiple of `Preprocessing.scratchAlignment`.
  case misalignedScratch
  /// More rows were pushed than the photo has.
  case tooManyRows
  /// The scratch memory for this size cannot be expressed in an `Int`.
  case scratchByteCountOverflow
}

#if !hasFeature(Embedded)
  extension PreprocessingError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .invalidField(let field):
        "preprocessing: \(field) is out of range (byte \(field.recordOffset) of its record)"
      case .wrongRecordSize(let actual):
        "preprocessing: the record has \(actual) bytes, not \(Preprocessing.recordByteCount)"
      case .unsupportedPhotoSize(let height, let width):
        "preprocessing: cannot resize a photo of \(width)x\(height) pixels"
      case .tooFewPixelBytes(let required, let actual):
        "preprocessing: the pixels need \(required) bytes, the buffer has \(actual)"
      case .strideTooSmall(let required, let actual):
        "preprocessing: a row needs \(required) bytes, the row stride is \(actual)"
      case .wrongOutputCount(let required, let actual):
        "preprocessing: the output tensor needs \(required) elements, it has \(actual)"
      case .scratchTooSmall(let required, let actual):
        "preprocessing: the scratch memory needs \(required) bytes, it has \(actual)"
      case .misalignedScratch:
        "preprocessing: the scratch memory must start at a multiple of \(Preprocessing.scratchAlignment) bytes"
      case .tooManyRows:
        "preprocessing: more rows were pushed than the photo has"
      case .scratchByteCountOverflow:
        "preprocessing: the scratch memory for this photo size is larger than the address space"
      }
    }
  }
#endif
