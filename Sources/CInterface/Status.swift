public import CInterfaceHeader
import FewShot
import TinyNN

/// A constant of the header as a status. C gives its enumerators as `Int` or as a type of their own.
@inline(__always) func code(_ value: Int) -> tinynn_status { tinynn_status(truncatingIfNeeded: value) }

/// An error that the header has a status for.
protocol Refusal: Error {
  var status: tinynn_status { get }
}

extension Never: Refusal {
  var status: tinynn_status { switch self {} }
}

extension ModelError: Refusal {
  var status: tinynn_status { tinynn_status(reason.rawValue) }
}

extension PreprocessingError: Refusal {
  var status: tinynn_status {
    switch self {
    case .unsupportedPhotoSize: code(TINYNN_PHOTO_SIZE)
    case .tooFewPixelBytes, .strideTooSmall: code(TINYNN_PIXELS_TOO_FEW)
    case .scratchTooSmall: code(TINYNN_MEMORY_TOO_SMALL)
    case .misalignedScratch: code(TINYNN_MISALIGNED)
    case .scratchByteCountOverflow: code(TINYNN_TOO_LARGE)
    case .invalidField, .wrongRecordSize: code(TINYNN_FILE_PREPROCESSING_MALFORMED)
    case .wrongOutputCount, .tooManyRows: code(TINYNN_WRONG_COUNT)
    }
  }
}

extension DeviceTaskError: Refusal {
  var status: tinynn_status {
    switch self {
    case .memoryTooSmall: code(TINYNN_MEMORY_TOO_SMALL)
    case .memoryMisaligned: code(TINYNN_MISALIGNED)
    case .tooLarge: code(TINYNN_TOO_LARGE)
    case .notLearned: code(TINYNN_NOT_LEARNED)
    case .tooFewClasses: code(TINYNN_TOO_FEW_CLASSES)
    case .tooManyClasses: code(TINYNN_TOO_MANY_CLASSES)
    case .tooManyExamples: code(TINYNN_TOO_MANY_EXAMPLES)
    case .noSuchClass: code(TINYNN_NO_SUCH_CLASS)
    case .classExists: code(TINYNN_CLASS_EXISTS)
    case .badName: code(TINYNN_BAD_NAME)
    case .exampleExists: code(TINYNN_EXAMPLE_EXISTS)
    case .notFinite: code(TINYNN_NOT_FINITE)
    case .tooManyUnlabelled: code(TINYNN_TOO_MANY_UNLABELLED)
    case .unlabelledWithoutMemory: code(TINYNN_UNLABELLED_WITHOUT_MEMORY)
    case .headNeedsStatistics: code(TINYNN_HEAD_NEEDS_STATISTICS)
    case .headNeedsPositive: code(TINYNN_HEAD_NEEDS_POSITIVE)
    case .headTooManyExamples: code(TINYNN_HEAD_TOO_MANY_EXAMPLES)
    case .nothingToUndo: code(TINYNN_NOTHING_TO_UNDO)
    case .otherEncoder: code(TINYNN_OTHER_ENCODER)
    case .malformed: code(TINYNN_FILE_TASK_MALFORMED)
    }
  }
}

extension TrainingError: Refusal {
  var status: tinynn_status {
    switch reason {
    case .cutOutOfRange: code(TINYNN_CUT_OUT_OF_RANGE)
    case .tailTooLong: code(TINYNN_TAIL_TOO_LONG)
    case .cutCrossedTwice: code(TINYNN_CUT_CROSSED_TWICE)
    case .batchAxis: code(TINYNN_NO_BATCH_AXIS)
    case .outputOutside: code(TINYNN_EMBEDDING_OUTSIDE_TAIL)
    case .nothingTrains: code(TINYNN_NOTHING_TRAINS)
    case .notDifferentiable: code(TINYNN_NOT_DIFFERENTIABLE)
    case .arenaTooSmall: code(TINYNN_ARENA_TOO_SMALL)
    case .arenaMisaligned: code(TINYNN_ARENA_MISALIGNED)
    }
  }
}

@c @implementation
public func tinynn_version() -> UInt32 { TINYNN_VERSION }

@unsafe @c @implementation
public func tinynn_checksum(_ bytes: UnsafeRawPointer?, _ byte_count: Int) -> UInt64 {
  guard let bytes = unsafe bytes, byte_count >= 0 else { return 0 }
  // The caller's bytes, during this call.
  return Checksum.of(unsafe ByteRegion(bytes, count: byte_count))
}

@unsafe @c @implementation
public func tinynn_status_text(_ status: tinynn_status) -> UnsafePointer<CChar>? {
  // Static strings end with a zero byte and live forever.
  unsafe UnsafeRawPointer(text(Int(status)).utf8Start).assumingMemoryBound(to: CChar.self)
}

private func text(_ status: Int) -> StaticString {
  switch status {
  case TINYNN_OK: "ok"
  case TINYNN_FILE_TRUNCATED: "the file is cut off; copy it again"
  case TINYNN_FILE_WRONG_MAGIC: "not a .tnn file"
  case TINYNN_FILE_WRONG_VERSION: "the file is of another format version; import the model again"
  case TINYNN_FILE_WRONG_LENGTH: "the file is longer or shorter than it says; pass exactly its bytes"
  case TINYNN_FILE_WRONG_CHECKSUM: "the file is damaged (checksum); copy it again"
  case TINYNN_FILE_MISALIGNED: "the file must start at a multiple of 64 bytes"
  case TINYNN_FILE_UNKNOWN_OPERATOR: "the network needs an operator that this library does not have"
  case TINYNN_FILE_OPERAND_TYPE_MISMATCH: "a tensor has a type that its operator, or this library, does not take"
  case TINYNN_FILE_SECTION_OUT_OF_BOUNDS...TINYNN_FILE_QUANTIZATION_MALFORMED:
    "the file is malformed or does not fit its input; import the model again"
  case TINYNN_FILE_PREPROCESSING_MALFORMED:
    "the file's preprocessing is malformed or does not fit its input; import the model again"
  case TINYNN_FILE_STATISTICS_MALFORMED: "the file's statistics are malformed; import the model again"
  case TINYNN_FILE_TASK_MALFORMED: "the file's task is malformed; learn it again"
  case TINYNN_ARENA_TOO_SMALL: "the arena is too small"
  case TINYNN_ARENA_MISALIGNED: "the arena must start at a multiple of 64 bytes"
  case TINYNN_NULL_POINTER: "a null pointer"
  case TINYNN_MISALIGNED: "memory must start at a multiple of 64 bytes"
  case TINYNN_MEMORY_TOO_SMALL: "less memory than required"
  case TINYNN_NOT_A_HANDLE: "the memory does not hold such a handle; open it first"
  case TINYNN_OUT_OF_RANGE: "an index, a count or an option is out of range"
  case TINYNN_TOO_LARGE: "the sizes do not fit into the address space"
  case TINYNN_OTHER_MODEL: "the handles belong to different models"
  case TINYNN_WRONG_COUNT: "a buffer has another number of elements than is needed"
  case TINYNN_NO_SUCH_KERNELS: "this machine has no such kernels"
  case TINYNN_NO_PREPROCESSING: "the file does not say how photos become the network's input; fill the input tensor"
  case TINYNN_PHOTO_SIZE: "the photo's size is out of range"
  case TINYNN_PIXELS_TOO_FEW: "fewer pixels than the photo's size and stride say"
  case TINYNN_NOT_FINITE: "the embedding has values that are not finite"
  case TINYNN_NOT_LEARNED: "nothing learned yet, or edited since; learn first"
  case TINYNN_TOO_FEW_CLASSES: "a task needs at least two classes"
  case TINYNN_TOO_MANY_CLASSES: "more classes than the task has room for"
  case TINYNN_TOO_MANY_EXAMPLES: "more examples than the task has room for"
  case TINYNN_NO_SUCH_CLASS: "no such class"
  case TINYNN_CLASS_EXISTS: "there is a class of that name already"
  case TINYNN_BAD_NAME: "names have 1 to 255 bytes and no control characters"
  case TINYNN_EXAMPLE_EXISTS: "the class has this example already"
  case TINYNN_TOO_MANY_UNLABELLED: "more photos without labels than the task has room for"
  case TINYNN_UNLABELLED_WITHOUT_MEMORY: "the task has no memory for photos without labels; reserve it, or forget them"
  case TINYNN_HEAD_NEEDS_STATISTICS:
    "the method needs what embeddings of any photos look like, and the encoder's file has none; import it with statistics"
  case TINYNN_HEAD_NEEDS_POSITIVE: "the method needs embeddings without negative values; this encoder has some"
  case TINYNN_HEAD_TOO_MANY_EXAMPLES: "the method takes fewer examples; use prototypes"
  case TINYNN_NOTHING_TO_UNDO: "there is nothing to undo"
  case TINYNN_OTHER_ENCODER: "it was learned with another encoder, whose embeddings cannot be compared"
  case TINYNN_CUT_OUT_OF_RANGE: "there is no such operator to begin the tail with"
  case TINYNN_TAIL_TOO_LONG: "the tail has too many operators to be trained"
  case TINYNN_CUT_CROSSED_TWICE: "more than one tensor crosses the cut; begin the tail at another operator"
  case TINYNN_NO_BATCH_AXIS: "a tensor of the tail does not begin with a batch of one"
  case TINYNN_EMBEDDING_OUTSIDE_TAIL: "the embedding is not computed in the tail"
  case TINYNN_NOTHING_TRAINS: "nothing in the tail can be trained"
  case TINYNN_NOT_DIFFERENTIABLE: "an operator of the tail has no gradient"
  case TINYNN_NO_FORWARD: "the forward pass has to come first"
  default: "unknown status"
  }
}
