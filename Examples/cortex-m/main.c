// Firmware for a Cortex-M7 that classifies photos, learns a class that it did not know, and trains the tail of its network, with
// model, task and photos in flash and all state in static memory.
#include "semihosting.h"
#include "tinynn.h"

// In flash (assets.S): a task file that knows bolts, gears, nuts and washers; photos of 128 x 160 RGB pixels: three of springs to
// learn from and another one, then a bolt.
enum { HEIGHT = 128, WIDTH = 160, PHOTO_BYTES = HEIGHT * WIDTH * 3 };
enum { SPRING_COUNT = 3, OTHER_SPRING = 3, BOLT = 4 };
extern const uint8_t task_file[], task_file_end[], photos[];
extern uint32_t stack_start[], stack_end[];

// Sizes that the plan of the model states; main refuses to start where they do not fit.
enum { SESSION_BYTES = 64 * 1024, SCRATCH_BYTES = 8 * 1024, CLASSES = 8, EXAMPLES = 32, TASK_BYTES = 32 * 1024 };
#define MEMORY(name, bytes) static uint8_t name[bytes] __attribute__((aligned(TINYNN_ALIGNMENT)))
MEMORY(model_memory, TINYNN_MODEL_BYTES);
MEMORY(session_memory, SESSION_BYTES);
MEMORY(scratch, SCRATCH_BYTES);
MEMORY(task_memory, TASK_BYTES);

// Training keeps float32 weights, gradients and moments of what it trains.
enum { TRAINER_BYTES = 2 * 1024 * 1024, BATCH = 3, STEPS = 3 };
#define EXTERNAL(name, bytes) static uint8_t name[bytes] __attribute__((aligned(TINYNN_ALIGNMENT), section(".external")))
EXTERNAL(trainer_memory, TRAINER_BYTES);
EXTERNAL(saved_file, 1024 * 1024);

// MARK: Printing without a C library

static void print(const char *text) { semihosting_print(text); }

static void print_number(uint32_t value) {
  char text[11], *end = text + 10;
  *end = 0;
  do *--end = (char)('0' + value % 10);
  while (value /= 10);
  print(end);
}

static void print_line(const char *name, uint32_t value) {
  print(name);
  print_number(value);
  print("\n");
}

static void print_checksum(const char *name, const void *bytes, size_t count) {
  uint64_t sum = tinynn_checksum(bytes, count);
  char text[17];
  for (int i = 0; i < 16; i++) text[i] = "0123456789abcdef"[(sum >> (60 - 4 * i)) & 15];
  text[16] = 0;
  print(name);
  print(text);
  print("\n");
}

static int failures;

static void report(const char *what, tinynn_status status) {
  if (status == TINYNN_OK) return;
  print(what);
  print(": ");
  print(tinynn_status_text(status));
  print("\n");
  semihosting_exit(1);
}
#define CHECK(call) report(#call, (call))

// Bad input gives a status, never a fault: the calls that must be refused, and how.
static void expect(const char *what, tinynn_status status, tinynn_status expected) {
  if (status == expected) return;
  print("bad input: ");
  print(what);
  print(": ");
  print(tinynn_status_text(status));
  print("\n");
  failures++;
}

// MARK: The work

static tinynn_model *model;
static tinynn_session *session;
static tinynn_task *task;
static tinynn_tensor embedding;

static void embed(int photo) {
  CHECK(
      tinynn_session_embed(session, photos + photo * PHOTO_BYTES, PHOTO_BYTES, HEIGHT, WIDTH, 3 * WIDTH, scratch, sizeof scratch));
}

static void classify(const char *what, int photo) {
  tinynn_prediction prediction;
  embed(photo);
  CHECK(tinynn_task_classify(task, embedding.data, embedding.count, &prediction));
  print(what);
  print(prediction.is_unknown ? ": unknown, nearest " : ": ");
  print(tinynn_task_class_name(task, prediction.class_index));
  print(", confidence ");
  print_number((uint32_t)(prediction.confidence * 1000));
  print(" / 1000, embedding ");
  print_checksum("", embedding.data, 4 * embedding.count);
}

static void learn(void) {
  for (int photo = 0; photo < SPRING_COUNT; photo++) {
    embed(photo);
    CHECK(tinynn_task_add_example(
        task, "spring", tinynn_checksum(photos + photo * PHOTO_BYTES, PHOTO_BYTES), embedding.data, embedding.count));
  }
  CHECK(tinynn_task_learn(task));
  size_t bytes;
  CHECK(tinynn_task_save(task, saved_file, sizeof saved_file, &bytes));
  print_line("task file bytes: ", (uint32_t)bytes);
  print_checksum("task file: ", saved_file, bytes);
}

static void train(void) {
  tinynn_model_info info;
  CHECK(tinynn_model_info_get(model, &info));
  // The last two convolutions.
  tinynn_training_options options = {info.operator_count - 4, BATCH, TINYNN_ADAM, 0};
  tinynn_optimizer_step step = {1e-3f, 0.9f, 0.999f, 1e-8f, 0, 0.98f, 1};
  tinynn_trainer *trainer;
  size_t bytes;
  CHECK(tinynn_trainer_required_bytes(model, &options, &bytes));
  print_line("trainer bytes: ", (uint32_t)bytes);
  CHECK(tinynn_trainer_open(trainer_memory, sizeof trainer_memory, model, &options, &trainer));
  // Classes stand in the order of their names: bolt, gear, nut, spring, washer.
  static const int batch[BATCH] = {0, 1, BOLT};
  static const int32_t labels[BATCH] = {3, 3, 0};
  for (int i = 0; i < BATCH; i++) {
    CHECK(tinynn_session_load_photo(
        session, photos + batch[i] * PHOTO_BYTES, PHOTO_BYTES, HEIGHT, WIDTH, 3 * WIDTH, scratch, sizeof scratch));
    CHECK(tinynn_trainer_load(trainer, session, i));
  }
  for (int k = 0; k < STEPS; k++) {
    // A control loop can have its turn between any two calls.
    float sum = 0, loss;
    CHECK(tinynn_trainer_forward(trainer));
    for (int i = 0; i < BATCH; i++) {
      CHECK(tinynn_trainer_prototype_loss(trainer, i, task, labels[i], &loss));
      sum += loss;
    }
    CHECK(tinynn_trainer_backward(trainer));
    CHECK(tinynn_trainer_step(trainer, &step));
    print_line("loss in thousandths: ", (uint32_t)(1000 * sum / BATCH));
  }
  CHECK(tinynn_trainer_save(trainer, saved_file, sizeof saved_file, &bytes));
  print_checksum("trained encoder: ", saved_file, bytes);
}

static void try_bad_input(void) {
  size_t file_bytes = (size_t)(task_file_end - task_file), bytes;
  tinynn_model *other;
  tinynn_session *another;
  expect("null file", tinynn_model_open(trainer_memory, 1024, 0, file_bytes, &other, 0), TINYNN_NULL_POINTER);
  expect("file cut off", tinynn_model_open(trainer_memory, 1024, task_file, file_bytes - 1, &other, 0), TINYNN_FILE_TRUNCATED);
  expect(
      "file misaligned", tinynn_model_open(trainer_memory, 1024, task_file + 4, file_bytes - 4, &other, 0), TINYNN_FILE_MISALIGNED);
  for (size_t i = 0; i < file_bytes; i++) saved_file[i] = task_file[i];
  saved_file[file_bytes / 2] ^= 1;
  expect("file damaged", tinynn_model_open(trainer_memory, 1024, saved_file, file_bytes, &other, 0), TINYNN_FILE_WRONG_CHECKSUM);
  expect("model memory one byte short",
      tinynn_model_open(trainer_memory, tinynn_model_required_bytes() - 1, task_file, file_bytes, &other, 0),
      TINYNN_MEMORY_TOO_SMALL);
  CHECK(tinynn_session_required_bytes(model, &bytes));
  expect("arena one byte short", tinynn_session_open(trainer_memory, bytes - 1, model, -1, &another), TINYNN_MEMORY_TOO_SMALL);
  expect("arena misaligned", tinynn_session_open(trainer_memory + 32, bytes, model, -1, &another), TINYNN_MISALIGNED);
  expect(
      "no such kernels", tinynn_session_open(trainer_memory, bytes, model, TINYNN_KERNELS_AVX2, &another), TINYNN_NO_SUCH_KERNELS);
  expect("not a session", tinynn_session_run((tinynn_session *)task), TINYNN_NOT_A_HANDLE);
  expect("null session", tinynn_session_run(0), TINYNN_NULL_POINTER);
  expect("pixels one byte short",
      tinynn_session_embed(session, photos, PHOTO_BYTES - 1, HEIGHT, WIDTH, 3 * WIDTH, scratch, sizeof scratch),
      TINYNN_PIXELS_TOO_FEW);
  expect("scratch too small", tinynn_session_embed(session, photos, PHOTO_BYTES, HEIGHT, WIDTH, 3 * WIDTH, scratch, 64),
      TINYNN_MEMORY_TOO_SMALL);
  expect("class missing", tinynn_task_remove_class(task, "moon"), TINYNN_NO_SUCH_CLASS);
  expect("buffer too small", tinynn_task_save(task, saved_file, 1024, &bytes), TINYNN_MEMORY_TOO_SMALL);
  tinynn_training_options options = {500, 1, TINYNN_SGD, 0};
  expect("no such cut", tinynn_trainer_required_bytes(model, &options, &bytes), TINYNN_CUT_OUT_OF_RANGE);
  options = (tinynn_training_options){0, 4096, TINYNN_SGD, 0};
  expect("batch too large", tinynn_trainer_required_bytes(model, &options, &bytes), TINYNN_TOO_LARGE);
  print_line("bad input not refused: ", (uint32_t)failures);
}

// startup.c has filled the stack with a pattern.
static uint32_t used_stack(void) {
  uint32_t *used = stack_start;
  while (*used == 0x5AFE5AFEu) used++;
  return (uint32_t)((uint8_t *)stack_end - (uint8_t *)used);
}

int main(void) {
  tinynn_error error;
  size_t bytes;
  tinynn_status status =
      tinynn_model_open(model_memory, sizeof model_memory, task_file, (size_t)(task_file_end - task_file), &model, &error);
  if (status != TINYNN_OK) print_line("refused at byte ", (uint32_t)error.byte_offset);
  report("opening the task file", status);
  CHECK(tinynn_session_arena_bytes(model, &bytes));
  print_line("arena bytes: ", (uint32_t)bytes);
  CHECK(tinynn_embed_scratch_bytes(model, HEIGHT, WIDTH, &bytes));
  print_line("photo scratch bytes: ", (uint32_t)bytes);
  CHECK(tinynn_task_required_bytes(model, CLASSES, EXAMPLES, &bytes));
  print_line("task bytes: ", (uint32_t)bytes);
  CHECK(tinynn_session_open(session_memory, sizeof session_memory, model, TINYNN_KERNELS_BEST, &session));
  CHECK(tinynn_task_open(task_memory, sizeof task_memory, model, CLASSES, EXAMPLES, &task));
  CHECK(tinynn_session_output(session, 0, &embedding));

  classify("bolt", BOLT);
  classify("spring, not yet learned", OTHER_SPRING);
  learn();
  classify("spring, learned", OTHER_SPRING);
  classify("bolt", BOLT);
  print_line("stack bytes: ", used_stack());
  train();
  try_bad_input();
  print_line("stack bytes with training: ", used_stack());
  return failures != 0;
}
