/// tinynn.h: the C interface of TinyNN, for device firmware.
///
/// Rules that hold for every function:
///
/// - Nothing is allocated and nothing is global: all state is in memory that the caller gives, so the functions are reentrant.
///   One handle is used by one thread at a time; a model may be shared by any number of sessions.
/// - Memory for handles and arenas, and the bytes of a file, start at a multiple of TINYNN_ALIGNMENT. It stays valid and
///   untouched as long as the handle is used; a handle made from another one needs both. Nothing has to be closed.
/// - Ask for the size first (`..._required_bytes`), then open. More memory than required is fine; one byte less is refused.
/// - Every failure is a status; a function that fails leaves what the handles hold as it was, unless it says otherwise. A null
///   pointer, memory that does not hold such a handle, misaligned memory and out-of-range values are failures, never faults.
///   A pointer to memory that is not there cannot be found out.
/// - Strings are UTF-8 and end with a zero byte. Floats are passed by pointer only, so that soft and hard float calling
///   conventions can be mixed. Enumerations are int32_t, because compilers for small targets disagree about the size of enums.
///
/// The Swift compiler compares every declaration here with its implementation in Sources/CInterface.
#ifndef TINYNN_H
#define TINYNN_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__clang__)
#define TINYNN_NULLABLE
#else
#define TINYNN_NULLABLE _Nullable
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// The version of this interface: 65536 * major + 256 * minor + patch. Programs compiled with another major version do not fit.
#define TINYNN_VERSION 0x010100u

/// Alignment of all memory that the caller gives, in bytes.
#define TINYNN_ALIGNMENT 64

/// Bytes that hold a model's handle on every target; `tinynn_model_required_bytes` says how many this one needs.
#define TINYNN_MODEL_BYTES 1024

// MARK: Status

/// What a function returns: TINYNN_OK or why it failed. Values never change their meaning.
typedef int32_t tinynn_status;

enum {
  TINYNN_OK = 0,

  // The file is damaged or not a .tnn file; `tinynn_error` says where.
  TINYNN_FILE_TRUNCATED = 1,
  TINYNN_FILE_WRONG_MAGIC = 2,
  TINYNN_FILE_WRONG_VERSION = 3,
  TINYNN_FILE_WRONG_LENGTH = 4,
  TINYNN_FILE_WRONG_CHECKSUM = 5,
  TINYNN_FILE_MISALIGNED = 6,
  TINYNN_FILE_SECTION_OUT_OF_BOUNDS = 7,
  TINYNN_FILE_SECTION_MISSING = 8,
  TINYNN_FILE_SECTION_REPEATED = 9,
  TINYNN_FILE_SECTION_WRONG_SIZE = 10,
  TINYNN_FILE_UNKNOWN_ELEMENT_TYPE = 11,
  TINYNN_FILE_WRONG_SHAPE = 12,
  TINYNN_FILE_CONSTANT_OUT_OF_BOUNDS = 13,
  TINYNN_FILE_UNKNOWN_OPERATOR = 14,
  TINYNN_FILE_WRONG_OPERAND_COUNT = 15,
  TINYNN_FILE_OPERAND_OUT_OF_BOUNDS = 16,
  TINYNN_FILE_OPERAND_NOT_YET_COMPUTED = 17,
  TINYNN_FILE_TENSOR_PRODUCED_TWICE = 18,
  TINYNN_FILE_TENSOR_NEVER_PRODUCED = 19,
  TINYNN_FILE_ATTRIBUTES_MALFORMED = 20,
  TINYNN_FILE_ATTRIBUTE_OUT_OF_RANGE = 21,
  TINYNN_FILE_OPERAND_TYPE_MISMATCH = 22,
  TINYNN_FILE_RESULT_TYPE_MISMATCH = 23,
  TINYNN_FILE_NAME_OUT_OF_BOUNDS = 24,
  TINYNN_FILE_PLAN_OUT_OF_BOUNDS = 25,
  TINYNN_FILE_PLAN_OVERLAP = 26,
  TINYNN_FILE_PLAN_LIFETIME = 27,
  TINYNN_FILE_QUANTIZATION_MALFORMED = 28,
  TINYNN_FILE_PREPROCESSING_MALFORMED = 29,
  TINYNN_FILE_STATISTICS_MALFORMED = 30,
  TINYNN_FILE_TASK_MALFORMED = 31,
  TINYNN_ARENA_TOO_SMALL = 32,
  TINYNN_ARENA_MISALIGNED = 33,

  // The call.
  TINYNN_NULL_POINTER = 64,
  /// Memory that has to start at a multiple of TINYNN_ALIGNMENT does not.
  TINYNN_MISALIGNED = 65,
  /// Less memory than `..._required_bytes` says.
  TINYNN_MEMORY_TOO_SMALL = 66,
  /// The memory does not hold a handle of this kind.
  TINYNN_NOT_A_HANDLE = 67,
  /// An index, a count or an option is out of range.
  TINYNN_OUT_OF_RANGE = 68,
  /// The sizes asked for do not fit into this target's address space.
  TINYNN_TOO_LARGE = 69,
  /// The two handles belong to different models.
  TINYNN_OTHER_MODEL = 70,
  /// A buffer has another number of elements than is needed.
  TINYNN_WRONG_COUNT = 71,
  /// This machine has no such kernels.
  TINYNN_NO_SUCH_KERNELS = 72,

  // Photos.
  /// The file does not say how photos become the network's input.
  TINYNN_NO_PREPROCESSING = 80,
  /// A photo's side is 0 or too long.
  TINYNN_PHOTO_SIZE = 81,
  /// The buffer of pixels is smaller than its size and stride say, or the stride is smaller than a row.
  TINYNN_PIXELS_TOO_FEW = 82,
  /// The embedding has values that are not finite.
  TINYNN_NOT_FINITE = 83,

  // Tasks.
  /// Nothing was learned yet, or the task was edited after: call `tinynn_task_learn`.
  TINYNN_NOT_LEARNED = 96,
  /// A task needs at least two classes.
  TINYNN_TOO_FEW_CLASSES = 97,
  /// The task was opened for fewer classes.
  TINYNN_TOO_MANY_CLASSES = 98,
  /// The task was opened for fewer examples.
  TINYNN_TOO_MANY_EXAMPLES = 99,
  TINYNN_NO_SUCH_CLASS = 100,
  TINYNN_CLASS_EXISTS = 101,
  /// Names have 1 to 255 bytes and no control characters.
  TINYNN_BAD_NAME = 102,
  /// The class has an example with this identifier already.
  TINYNN_EXAMPLE_EXISTS = 103,
  /// The task has no room for another photo without a label, or its file has more than the memory was asked for.
  TINYNN_TOO_MANY_UNLABELLED = 104,
  /// The task has photos without labels, or is to have some, but no memory for them: call `tinynn_task_reserve_unlabelled`, or
  /// forget them.
  TINYNN_UNLABELLED_WITHOUT_MEMORY = 105,
  /// The method needs the encoder's statistics, which its file has not.
  TINYNN_HEAD_NEEDS_STATISTICS = 106,
  /// The method needs embeddings without negative values.
  TINYNN_HEAD_NEEDS_POSITIVE = 107,
  /// The method takes fewer examples than the task has.
  TINYNN_HEAD_TOO_MANY_EXAMPLES = 108,
  /// No earlier state is kept.
  TINYNN_NOTHING_TO_UNDO = 109,
  /// The other task was learned with another encoder.
  TINYNN_OTHER_ENCODER = 110,

  // Training.
  TINYNN_CUT_OUT_OF_RANGE = 112,
  TINYNN_TAIL_TOO_LONG = 113,
  /// More than one tensor crosses from the operators before the cut.
  TINYNN_CUT_CROSSED_TWICE = 114,
  TINYNN_NO_BATCH_AXIS = 115,
  TINYNN_EMBEDDING_OUTSIDE_TAIL = 116,
  TINYNN_NOTHING_TRAINS = 117,
  TINYNN_NOT_DIFFERENTIABLE = 118,
  /// `tinynn_trainer_forward` has to come first.
  TINYNN_NO_FORWARD = 119,
};

/// One line of English about a status, for logs; valid forever. Unknown values have a text too.
const char *TINYNN_NULLABLE tinynn_status_text(tinynn_status status);

/// Where a file was refused.
typedef struct tinynn_error {
  tinynn_status status;
  /// Index of the operator concerned, in execution order, or -1.
  int32_t operator_index;
  /// Byte of the file at which the refused record starts, or 0.
  size_t byte_offset;
  /// What was found and what was needed, in the unit of the status, or 0.
  ptrdiff_t found, needed;
} tinynn_error;

/// TINYNN_VERSION of the library.
uint32_t tinynn_version(void);

/// The 64-bit checksum that .tnn files use, of any bytes; for comparing results between machines. 0 for a null pointer.
uint64_t tinynn_checksum(const void *TINYNN_NULLABLE bytes, size_t byte_count);

// MARK: Model

/// A checked .tnn file: an encoder, or a task file with one in it.
typedef struct tinynn_model tinynn_model;

typedef struct tinynn_model_info {
  /// Bytes of the file, and its checksum as the header states it.
  size_t file_bytes;
  uint64_t checksum;
  /// Height and width of the photos that the network takes; 0 where the file does not say.
  int32_t input_height, input_width;
  /// Values of an embedding.
  int32_t dimension;
  int32_t operator_count;
  /// Classes that a task file knows; 0 for an encoder.
  int32_t class_count;
  /// Examples in a task file; 0 for an encoder.
  int32_t example_count;
} tinynn_model_info;

/// Bytes of a model's handle, at most TINYNN_MODEL_BYTES.
size_t tinynn_model_required_bytes(void);

/// Opens a .tnn file in memory, for example in flash, and checks all of it, once: cost is one pass over the bytes. Nothing is
/// copied; weights are used in place.
///
/// `memory`: `memory_bytes` bytes for the handle. `file`: `file_bytes` bytes, exactly the file's. `model` receives the handle.
/// `error`, which may be null, receives the place where the file was refused.
tinynn_status tinynn_model_open(void *TINYNN_NULLABLE memory, size_t memory_bytes, const void *TINYNN_NULLABLE file,
    size_t file_bytes, tinynn_model *TINYNN_NULLABLE *TINYNN_NULLABLE model, tinynn_error *TINYNN_NULLABLE error);

tinynn_status tinynn_model_info_get(const tinynn_model *TINYNN_NULLABLE model, tinynn_model_info *TINYNN_NULLABLE info);

// MARK: Session

/// A model ready to run: its arena, and the embedding of the last photo.
typedef struct tinynn_session tinynn_session;

/// Which kernels run. All give the same bits; the choice exists for tests.
enum {
  TINYNN_KERNELS_BEST = -1,
  TINYNN_KERNELS_REFERENCE = 0,
  TINYNN_KERNELS_AVX2 = 1,
  TINYNN_KERNELS_AVX512 = 2,
  TINYNN_KERNELS_NEON = 3,
  TINYNN_KERNELS_AVX_VNNI = 4,
  TINYNN_KERNELS_AVX512_VNNI = 5,
  TINYNN_KERNELS_NEON_DOT_PRODUCT = 6,
  TINYNN_KERNELS_NEON_I8MM = 7,
  TINYNN_KERNELS_ARM = 8,
};

/// How the elements of a tensor are stored.
enum { TINYNN_FLOAT32 = 1, TINYNN_INT8 = 2, TINYNN_INT32 = 3 };

/// A tensor in a session's arena, contiguous, the last axis innermost; images are [1][height][width][channels].
typedef struct tinynn_tensor {
  void *TINYNN_NULLABLE data;
  /// Elements.
  size_t count;
  /// TINYNN_FLOAT32 or TINYNN_INT8.
  int32_t element_type;
  int32_t rank;
  int32_t extents[6];
  /// Of int8: real value = scale * (element - zero_point). 1 and 0 for others.
  float scale;
  int32_t zero_point;
} tinynn_tensor;

/// Bytes of a session: its handle and the arena of `model`.
tinynn_status tinynn_session_required_bytes(const tinynn_model *TINYNN_NULLABLE model, size_t *TINYNN_NULLABLE byte_count);

/// Bytes of the arena alone, for reports: tensors and the scratch memory of operators.
tinynn_status tinynn_session_arena_bytes(const tinynn_model *TINYNN_NULLABLE model, size_t *TINYNN_NULLABLE byte_count);

/// Makes a session in `memory`. `kernels`: TINYNN_KERNELS_BEST, or one that this machine has.
tinynn_status tinynn_session_open(void *TINYNN_NULLABLE memory, size_t memory_bytes, const tinynn_model *TINYNN_NULLABLE model,
    int32_t kernels, tinynn_session *TINYNN_NULLABLE *TINYNN_NULLABLE session);

/// Input `index` of the network, to be filled before each run: running may overwrite it.
tinynn_status tinynn_session_input(tinynn_session *TINYNN_NULLABLE session, int32_t index, tinynn_tensor *TINYNN_NULLABLE tensor);

/// Output `index` of the network, valid until the next run. Output 0 is the embedding.
tinynn_status tinynn_session_output(tinynn_session *TINYNN_NULLABLE session, int32_t index, tinynn_tensor *TINYNN_NULLABLE tensor);

/// Runs the network once.
tinynn_status tinynn_session_run(tinynn_session *TINYNN_NULLABLE session);

/// Runs operator `index` alone, so that a control loop can have its turn in between: all of them in order, 0 ... operator_count -
/// 1, are one run.
tinynn_status tinynn_session_run_operator(tinynn_session *TINYNN_NULLABLE session, int32_t index);

/// Scratch bytes that `tinynn_session_embed` needs for photos of `height` x `width` pixels.
tinynn_status tinynn_embed_scratch_bytes(
    const tinynn_model *TINYNN_NULLABLE model, int32_t height, int32_t width, size_t *TINYNN_NULLABLE byte_count);

/// Turns a photo into the network's input as the file says (resized, antialiased, cropped, normalized) and does not run.
///
/// `pixels`: `pixel_bytes` bytes, RGB, 8 bits each, `height` rows that start `row_stride` >= 3 * `width` bytes apart, top row
/// first. `scratch`: at a multiple of TINYNN_ALIGNMENT, free again afterwards. Sides are 1 ... 2^24.
tinynn_status tinynn_session_load_photo(tinynn_session *TINYNN_NULLABLE session, const uint8_t *TINYNN_NULLABLE pixels,
    size_t pixel_bytes, int32_t height, int32_t width, size_t row_stride, void *TINYNN_NULLABLE scratch, size_t scratch_bytes);

/// `tinynn_session_load_photo`, then `tinynn_session_run`. The embedding is in output 0.
tinynn_status tinynn_session_embed(tinynn_session *TINYNN_NULLABLE session, const uint8_t *TINYNN_NULLABLE pixels,
    size_t pixel_bytes, int32_t height, int32_t width, size_t row_stride, void *TINYNN_NULLABLE scratch, size_t scratch_bytes);

// MARK: Photos

/// A photo as a decoder gives it.
typedef struct tinynn_photo {
  /// RGB, 8 bits each, rows that start `row_stride` bytes apart, top row first: (height - 1) / reduction + 1 of them with
  /// (width - 1) / reduction + 1 pixels each.
  const uint8_t *TINYNN_NULLABLE pixels;
  size_t pixel_bytes;
  /// Of the photo before its decoder reduced it, 1 ... 2^24.
  int32_t height, width;
  /// What the decoder divided both sides by, 1 ... 64; 1 where it decoded all pixels.
  int32_t reduction;
  /// At least 3 times the pixels of a row.
  size_t row_stride;
} tinynn_photo;

/// The short side, in pixels, that a decoded photo should keep: `edgessl` lets the JPEG decoder halve photos up to three times as
/// long as they keep it, and other reductions give other bits. Negative: minus a status.
int32_t tinynn_model_decoded_side(const tinynn_model *TINYNN_NULLABLE model);

/// Scratch bytes that `tinynn_session_embed_photo` needs for photos of this size; their pixels are not looked at.
tinynn_status tinynn_embed_photo_scratch_bytes(const tinynn_model *TINYNN_NULLABLE model, const tinynn_photo *TINYNN_NULLABLE photo,
    int32_t views, size_t *TINYNN_NULLABLE byte_count);

/// Writes the embedding of a photo, as the network gives it, or the mean over `views` (1 ... 8) of it: the photo itself, then
/// mirror images and crops. `edgessl adapt` learns from 4 views of the only photo of a class and from 2 of others; photos to be
/// classified have 1. `scratch`: at a multiple of TINYNN_ALIGNMENT, free again afterwards. `count`: the model's dimension.
tinynn_status tinynn_session_embed_photo(tinynn_session *TINYNN_NULLABLE session, const tinynn_photo *TINYNN_NULLABLE photo,
    int32_t views, void *TINYNN_NULLABLE scratch, size_t scratch_bytes, float *TINYNN_NULLABLE embedding, size_t count);

// MARK: Threads

/// A part of an operator's work.
typedef void (*tinynn_work)(void *TINYNN_NULLABLE job, int32_t index, int32_t part, int32_t parts);

/// Threads that a session may use.
typedef struct tinynn_workers {
  /// Threads, the caller's among them, 1 ... 1024.
  int32_t count;
  /// Passed to `run`.
  void *TINYNN_NULLABLE pool;
  /// Calls `work(job, index, part, parts)` for every part in 0 ..< parts, on any threads in any order, and returns when all calls
  /// have; `parts` is at most `count`.
  void (*TINYNN_NULLABLE run)(
      void *TINYNN_NULLABLE pool, int32_t parts, tinynn_work TINYNN_NULLABLE work, void *TINYNN_NULLABLE job, int32_t index);
} tinynn_workers;

/// Bytes of a session that uses so many threads.
tinynn_status tinynn_session_threads_required_bytes(
    const tinynn_model *TINYNN_NULLABLE model, int32_t threads, size_t *TINYNN_NULLABLE byte_count);

/// `tinynn_session_open` for a session that divides its operators among threads. It gives the same bits. `workers` is copied; what
/// it points to must stay as long as the session is used.
tinynn_status tinynn_session_open_threads(void *TINYNN_NULLABLE memory, size_t memory_bytes,
    const tinynn_model *TINYNN_NULLABLE model, int32_t kernels, const tinynn_workers *TINYNN_NULLABLE workers,
    tinynn_session *TINYNN_NULLABLE *TINYNN_NULLABLE session);

// MARK: Task

/// Classes and their examples, and the head that tells the classes apart; can be edited and saved. Examples are embeddings:
/// photos are not kept.
typedef struct tinynn_task tinynn_task;

/// What a task says about one embedding.
typedef struct tinynn_prediction {
  /// Index of the most likely class; `tinynn_task_class_name` says its name.
  int32_t class_index;
  /// 1 where no known class is near enough: the photo is unknown. Else 0.
  int32_t is_unknown;
  /// Probability of the class among the known ones, 0 ... 1.
  float confidence;
  /// Cosine of the embedding and the class's prototype, -1 ... 1.
  float cosine;
  /// Compared with `threshold`: below means unknown.
  float score, threshold;
} tinynn_prediction;

/// Bytes of a task with room for `class_capacity` (2 ... 4096) classes and `example_capacity` (2 ... 2^20) examples.
tinynn_status tinynn_task_required_bytes(const tinynn_model *TINYNN_NULLABLE model, int32_t class_capacity,
    int32_t example_capacity, size_t *TINYNN_NULLABLE byte_count);

/// Opens the task of a task file, ready to classify, or an empty one of an encoder. The capacities are those that the size was
/// asked for; TINYNN_TOO_MANY_CLASSES or TINYNN_TOO_MANY_EXAMPLES where the file has more.
tinynn_status tinynn_task_open(void *TINYNN_NULLABLE memory, size_t memory_bytes, const tinynn_model *TINYNN_NULLABLE model,
    int32_t class_capacity, int32_t example_capacity, tinynn_task *TINYNN_NULLABLE *TINYNN_NULLABLE task);

/// Number of classes; negative: minus a status.
int32_t tinynn_task_class_count(const tinynn_task *TINYNN_NULLABLE task);

/// Number of examples; negative: minus a status.
int32_t tinynn_task_example_count(const tinynn_task *TINYNN_NULLABLE task);

/// The name of class `index`, in ascending order of the names' bytes; null if there is none. Valid until the task is edited.
const char *TINYNN_NULLABLE tinynn_task_class_name(const tinynn_task *TINYNN_NULLABLE task, int32_t index);

/// Number of examples of class `index`; negative: minus a status.
int32_t tinynn_task_class_example_count(const tinynn_task *TINYNN_NULLABLE task, int32_t index);

/// Adds an example to class `name`, which is made if it is not there. `embedding` has `count` values, the model's dimension, as
/// the network gives them. `identifier` tells the examples of a class apart, for example a checksum of the photo. Afterwards
/// the task has to learn.
tinynn_status tinynn_task_add_example(tinynn_task *TINYNN_NULLABLE task, const char *TINYNN_NULLABLE name, uint64_t identifier,
    const float *TINYNN_NULLABLE embedding, size_t count);

/// Removes a class and its examples; two classes must remain. Afterwards the task has to learn.
tinynn_status tinynn_task_remove_class(tinynn_task *TINYNN_NULLABLE task, const char *TINYNN_NULLABLE name);

/// Renames a class. Afterwards the task has to learn, because classes are kept in the order of their names.
tinynn_status tinynn_task_rename_class(
    tinynn_task *TINYNN_NULLABLE task, const char *TINYNN_NULLABLE old_name, const char *TINYNN_NULLABLE new_name);

/// Bytes of memory for `capacity` (1 ... 500) photos without labels, and for learning with them.
tinynn_status tinynn_task_unlabelled_required_bytes(
    const tinynn_task *TINYNN_NULLABLE task, int32_t capacity, size_t *TINYNN_NULLABLE byte_count);

/// Gives the task memory for photos without labels, and takes those of its file. The memory starts at a multiple of
/// TINYNN_ALIGNMENT and belongs to the task as long as that is used. Tasks without such photos need none.
tinynn_status tinynn_task_reserve_unlabelled(
    tinynn_task *TINYNN_NULLABLE task, void *TINYNN_NULLABLE memory, size_t memory_bytes, int32_t capacity);

/// Adds a photo without a label, which learning uses beside the examples. Near copies of one that is there, and the same
/// identifier, count once. Photos that are examples, too, by their identifier, are left out by `tinynn_task_learn`. Afterwards the
/// task has to learn.
tinynn_status tinynn_task_add_unlabelled(
    tinynn_task *TINYNN_NULLABLE task, uint64_t identifier, const float *TINYNN_NULLABLE embedding, size_t count);

/// Number of photos without labels that are kept; negative: minus a status.
int32_t tinynn_task_unlabelled_count(const tinynn_task *TINYNN_NULLABLE task);

/// Forgets the photos without labels. Afterwards the task has to learn.
tinynn_status tinynn_task_forget_unlabelled(tinynn_task *TINYNN_NULLABLE task);

/// Learns the head from the examples: a prototype for each class, a threshold and a scale from left-out examples. The result
/// is that of `edgessl adapt --method prototype`, bit for bit. A few milliseconds for tens of examples.
tinynn_status tinynn_task_learn(tinynn_task *TINYNN_NULLABLE task);

/// How a task learns: `edgessl adapt --method`.
enum {
  /// The head that suits the photos, by their left-out examples.
  TINYNN_METHOD_AUTO = 0,
  TINYNN_METHOD_PROTOTYPE = 1,
  TINYNN_METHOD_CENTRED = 2,
  TINYNN_METHOD_POWER = 3,
  TINYNN_METHOD_LDA = 4,
  TINYNN_METHOD_RIDGE = 5,
  TINYNN_METHOD_LOGISTIC = 6,
  TINYNN_METHOD_KNN = 7,
};

/// What was learned.
typedef struct tinynn_head {
  /// TINYNN_METHOD_PROTOTYPE or one of those after it.
  int32_t method;
  /// 1 where it was chosen for the photos, 0 where it was named.
  int32_t is_chosen;
  /// What scores are multiplied by before the softmax; below `threshold` a photo is unknown.
  float scale, threshold;
  /// Examples that were left out to calibrate it, and those of them that were answered rightly.
  int32_t left_out_count, left_out_right;
} tinynn_head;

/// Bytes of memory for learning a head from what the task knows now. TINYNN_OUT_OF_RANGE for an unknown method,
/// TINYNN_HEAD_NEEDS_STATISTICS, TINYNN_HEAD_TOO_MANY_EXAMPLES.
tinynn_status tinynn_task_head_required_bytes(
    const tinynn_task *TINYNN_NULLABLE task, int32_t method, size_t *TINYNN_NULLABLE byte_count);

/// Learns a head of `method` from the examples and photos without labels; the result is that of `edgessl adapt --method`, bit for
/// bit. The memory starts at a multiple of TINYNN_ALIGNMENT and belongs to the task until it learns again or is edited.
tinynn_status tinynn_task_learn_head(
    tinynn_task *TINYNN_NULLABLE task, int32_t method, void *TINYNN_NULLABLE memory, size_t memory_bytes);

/// The head that answers now, the file's own too. TINYNN_NOT_LEARNED where there is none.
tinynn_status tinynn_task_head_get(const tinynn_task *TINYNN_NULLABLE task, tinynn_head *TINYNN_NULLABLE head);

/// Adds what another task file learned with the same encoder: classes of the same name become one, a photo that both have counts
/// once; `added` receives how many were new. Any order of merging gives the same task. Afterwards the task has to learn.
tinynn_status tinynn_task_merge(
    tinynn_task *TINYNN_NULLABLE task, const tinynn_model *TINYNN_NULLABLE other, int32_t *TINYNN_NULLABLE added);

/// Bytes of memory for `states` (1 ... 8) earlier states of the task.
tinynn_status tinynn_task_history_required_bytes(
    const tinynn_task *TINYNN_NULLABLE task, int32_t states, size_t *TINYNN_NULLABLE byte_count);

/// Gives the task memory for earlier states, and takes the newest ones of its file: `tinynn_task_save` writes them. The memory
/// starts at a multiple of TINYNN_ALIGNMENT and belongs to the task as long as that is used.
tinynn_status tinynn_task_reserve_history(
    tinynn_task *TINYNN_NULLABLE task, void *TINYNN_NULLABLE memory, size_t memory_bytes, int32_t states);

/// Number of earlier states that are kept; negative: minus a status.
int32_t tinynn_task_state_count(const tinynn_task *TINYNN_NULLABLE task);

/// Keeps what the task knows now as an earlier state, once an edit changes it; of too many the oldest goes. Called before each
/// edit, which may be several calls. Without memory for earlier states it does nothing.
tinynn_status tinynn_task_keep_state(tinynn_task *TINYNN_NULLABLE task);

/// Goes back to the newest earlier state. TINYNN_NOTHING_TO_UNDO where there is none. Photos without labels stay. Afterwards the
/// task has to learn.
tinynn_status tinynn_task_undo(tinynn_task *TINYNN_NULLABLE task);

/// Classifies an embedding, as the network gives it.
tinynn_status tinynn_task_classify(tinynn_task *TINYNN_NULLABLE task, const float *TINYNN_NULLABLE embedding, size_t count,
    tinynn_prediction *TINYNN_NULLABLE prediction);

/// The probability of each class at the last `tinynn_task_classify`; `count` must be the number of classes.
tinynn_status tinynn_task_confidences(const tinynn_task *TINYNN_NULLABLE task, float *TINYNN_NULLABLE confidences, size_t count);

/// Bytes of the task file that `tinynn_task_save` would write now.
tinynn_status tinynn_task_file_bytes(const tinynn_task *TINYNN_NULLABLE task, size_t *TINYNN_NULLABLE byte_count);

/// Writes the task as a self-contained task file: the encoder and what was learned. The buffer must not overlap the model's
/// bytes; it starts at a multiple of TINYNN_ALIGNMENT, so that it can be opened in place. Earlier states that the file kept for
/// undo are left out once the task was edited, unless `tinynn_task_reserve_history` gave memory for them.
tinynn_status tinynn_task_save(
    tinynn_task *TINYNN_NULLABLE task, void *TINYNN_NULLABLE buffer, size_t buffer_bytes, size_t *TINYNN_NULLABLE written);

// MARK: Training

/// The tail of a network being trained: the operators from a cut to the embedding, float32 weights, gradients and the
/// optimizer's state. int8 networks are trained with their rounding, so that what is trained is what will run.
typedef struct tinynn_trainer tinynn_trainer;

enum { TINYNN_SGD = 0, TINYNN_ADAM = 1 };

typedef struct tinynn_training_options {
  /// The first operator of the tail; exactly one tensor crosses from the operators before it.
  int32_t first_operator;
  /// Examples of one forward and backward pass, 1 ... 4096.
  int32_t batch;
  /// TINYNN_SGD (with momentum) or TINYNN_ADAM.
  int32_t optimizer;
  /// 1: keeps a moving average of the weights, see `tinynn_trainer_adopt_average`. 0: does not.
  int32_t keeps_average;
} tinynn_training_options;

typedef struct tinynn_optimizer_step {
  float learning_rate;
  /// Momentum of SGD; decay of Adam's first moment. 0.9.
  float momentum;
  /// Decay of Adam's second moment, 0.999, and what is added to its root, 1e-8.
  float second_decay, epsilon;
  /// Each step takes learning_rate * weight_decay of the weights away, not of biases. 0.
  float weight_decay;
  /// Share of the old average that stays. 0.98.
  float average_decay;
  /// Gradients are multiplied by it: one part for each backward pass that was added up. 1.
  float gradient_scale;
} tinynn_optimizer_step;

/// Bytes of a trainer: its handle, weights and their state, activations and gradients. The failures are those of
/// `tinynn_trainer_open`.
tinynn_status tinynn_trainer_required_bytes(const tinynn_model *TINYNN_NULLABLE model,
    const tinynn_training_options *TINYNN_NULLABLE options, size_t *TINYNN_NULLABLE byte_count);

/// Makes a trainer in `memory`; its weights are the file's. Needs about 100 KB of stack, here and in `tinynn_trainer_step`.
tinynn_status tinynn_trainer_open(void *TINYNN_NULLABLE memory, size_t memory_bytes, const tinynn_model *TINYNN_NULLABLE model,
    const tinynn_training_options *TINYNN_NULLABLE options, tinynn_trainer *TINYNN_NULLABLE *TINYNN_NULLABLE trainer);

/// Runs the operators before the cut on the session's input and puts the tensor at the cut into place `slot` of the batch. The
/// session's input must have been filled; its outputs are not computed.
tinynn_status tinynn_trainer_load(tinynn_trainer *TINYNN_NULLABLE trainer, tinynn_session *TINYNN_NULLABLE session, int32_t slot);

/// The tensor at the cut of example `slot` of the batch: `count` float32 values, to be kept and given back later, since it does
/// not change while the tail trains.
tinynn_status tinynn_trainer_cut(tinynn_trainer *TINYNN_NULLABLE trainer, int32_t slot,
    float *TINYNN_NULLABLE *TINYNN_NULLABLE values, size_t *TINYNN_NULLABLE count);

/// Runs the tail on all examples of the batch.
tinynn_status tinynn_trainer_forward(tinynn_trainer *TINYNN_NULLABLE trainer);

/// After `tinynn_trainer_forward`: the embedding of example `slot`, and the place for the derivative of the loss by it, both
/// `count` values.
tinynn_status tinynn_trainer_embedding(tinynn_trainer *TINYNN_NULLABLE trainer, int32_t slot,
    const float *TINYNN_NULLABLE *TINYNN_NULLABLE values, float *TINYNN_NULLABLE *TINYNN_NULLABLE gradient,
    size_t *TINYNN_NULLABLE count);

/// After `tinynn_trainer_forward`: cross-entropy of the softmax over 10 times the cosine to the prototypes of `task`, which must
/// have learned, for example `slot` of class `class_index`. Writes the derivative, times 1 / batch, to the embedding's gradient and
/// the loss to `loss`.
tinynn_status tinynn_trainer_prototype_loss(tinynn_trainer *TINYNN_NULLABLE trainer, int32_t slot,
    tinynn_task *TINYNN_NULLABLE task, int32_t class_index, float *TINYNN_NULLABLE loss);

/// Adds the gradients of everything that trains, from the embeddings' gradients of all examples, which must have been written
/// since `tinynn_trainer_forward`.
tinynn_status tinynn_trainer_backward(tinynn_trainer *TINYNN_NULLABLE trainer);

/// Updates the weights from the gradients and clears these.
tinynn_status tinynn_trainer_step(tinynn_trainer *TINYNN_NULLABLE trainer, const tinynn_optimizer_step *TINYNN_NULLABLE step);

/// Puts the moving average in place of the weights. TINYNN_OUT_OF_RANGE if the trainer keeps none.
tinynn_status tinynn_trainer_adopt_average(tinynn_trainer *TINYNN_NULLABLE trainer);

/// Bytes of the file that `tinynn_trainer_save` would write.
tinynn_status tinynn_trainer_file_bytes(const tinynn_trainer *TINYNN_NULLABLE trainer, size_t *TINYNN_NULLABLE byte_count);

/// Writes the network as it is now as an encoder file: what was learned with the network as it was (classes, examples, head,
/// statistics) is left out, since its embeddings have changed. Open it, embed the photos again, and learn. The buffer must
/// not overlap the model's bytes and starts at a multiple of TINYNN_ALIGNMENT.
tinynn_status tinynn_trainer_save(
    tinynn_trainer *TINYNN_NULLABLE trainer, void *TINYNN_NULLABLE buffer, size_t buffer_bytes, size_t *TINYNN_NULLABLE written);

#ifdef __cplusplus
}
#endif

#endif
