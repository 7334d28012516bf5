// Prints checksums of what the library computes, to be compared between machines: conformance KERNELS LIST.
// KERNELS is a number of tinynn.h's kernels, LIST a file of lines:
//   run MODEL                                    outputs of a network on seeded inputs
//   learn MODEL PHOTOS COUNT HEIGHT WIDTH        embeddings, a task learned and edited, its predictions and its file
//   train MODEL PHOTOS COUNT HEIGHT WIDTH FIRST  three steps of training the operators from FIRST on, and the network's file
// PHOTOS holds COUNT raw RGB photos one after the other. The same source runs on Linux and, by semihosting, on a Cortex-M.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tinynn.h"

#define CHECK(call)                                                                     \
  do {                                                                                  \
    tinynn_status status = (call);                                                      \
    if (status != TINYNN_OK) {                                                          \
      printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, tinynn_status_text(status)); \
      exit(1);                                                                          \
    }                                                                                   \
  } while (0)

enum { CLASSES = 3, CLASS_CAPACITY = 8, EXAMPLE_CAPACITY = 32 };

// What one line of the list takes; given back together when it is done.
static void *blocks[256];
static int blockCount;

static void *lent(size_t bytes) {
  char *memory = malloc(bytes + TINYNN_ALIGNMENT);
  if (!memory || blockCount == 256) {
    printf("no memory for %lu bytes\n", (unsigned long)bytes);
    exit(1);
  }
  blocks[blockCount++] = memory;
  memory += TINYNN_ALIGNMENT - (uintptr_t)memory % TINYNN_ALIGNMENT;
  // Nothing may depend on what the memory held.
  memset(memory, 0xA5, bytes);
  return memory;
}

static void giveBack(void) {
  while (blockCount > 0) free(blocks[--blockCount]);
}

static uint8_t *fileBytes(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    printf("cannot open %s\n", path);
    exit(1);
  }
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  uint8_t *memory = lent(*bytes);
  if (fread(memory, 1, *bytes, file) != *bytes) {
    printf("cannot read %s\n", path);
    exit(1);
  }
  fclose(file);
  return memory;
}

static uint32_t state;
static uint32_t next(void) { return state = state * 1664525u + 1013904223u; }

typedef struct {
  tinynn_model *model;
  tinynn_model_info info;
  tinynn_session *session;
} Network;

static Network open(const uint8_t *file, size_t bytes, int32_t kernels) {
  Network n;
  tinynn_error error;
  tinynn_status status =
      tinynn_model_open(lent(tinynn_model_required_bytes()), tinynn_model_required_bytes(), file, bytes, &n.model, &error);
  if (status != TINYNN_OK) {
    printf("byte %lu: %s\n", (unsigned long)error.byte_offset, tinynn_status_text(status));
    exit(1);
  }
  CHECK(tinynn_model_info_get(n.model, &n.info));
  size_t session;
  CHECK(tinynn_session_required_bytes(n.model, &session));
  CHECK(tinynn_session_open(lent(session), session, n.model, kernels, &n.session));
  return n;
}

static void print(const char *what, const char *name, uint64_t checksum) {
  const char *base = strrchr(name, '/');
  printf("%s %s %08" PRIx32 "%08" PRIx32 "\n", what, base ? base + 1 : name, (uint32_t)(checksum >> 32), (uint32_t)checksum);
}

static void run(const char *path, int32_t kernels) {
  size_t bytes;
  const uint8_t *file = fileBytes(path, &bytes);
  Network n = open(file, bytes, kernels);
  state = 1;
  tinynn_tensor tensor;
  for (int32_t i = 0; tinynn_session_input(n.session, i, &tensor) == TINYNN_OK; i++) {
    for (size_t k = 0; k < tensor.count; k++) {
      if (tensor.element_type == TINYNN_INT8)
        ((int8_t *)tensor.data)[k] = (int8_t)(next() >> 24);
      else
        ((float *)tensor.data)[k] = (float)(int32_t)(next() >> 8) * 0x1p-23f - 1;
    }
  }
  CHECK(tinynn_session_run(n.session));
  uint64_t sum = 0;
  for (int32_t i = 0; tinynn_session_output(n.session, i, &tensor) == TINYNN_OK; i++)
    sum = sum * 31 + tinynn_checksum(tensor.data, 4 * tensor.count);
  print("run", path, sum);
}

typedef struct {
  const uint8_t *pixels;
  int32_t count, height, width;
  size_t bytes;
} Photos;

static void embed(Network *n, const Photos *photos, int32_t index) {
  size_t scratch;
  CHECK(tinynn_embed_scratch_bytes(n->model, photos->height, photos->width, &scratch));
  CHECK(tinynn_session_embed(n->session, photos->pixels + (size_t)index * photos->bytes, photos->bytes, photos->height,
      photos->width, 3 * (size_t)photos->width, lent(scratch), scratch));
}

// Learns again with the same photos as photos without labels.
static void propagate(Network *n, const Photos *photos, const char *name, tinynn_task *task) {
  size_t bytes, written;
  tinynn_tensor embedding;
  CHECK(tinynn_session_output(n->session, 0, &embedding));
  CHECK(tinynn_task_unlabelled_required_bytes(task, photos->count, &bytes));
  CHECK(tinynn_task_reserve_unlabelled(task, lent(bytes), bytes, photos->count));
  for (int32_t i = 0; i < photos->count; i++) {
    embed(n, photos, i);
    CHECK(tinynn_task_add_unlabelled(task, (uint64_t)i, embedding.data, embedding.count));
  }
  CHECK(tinynn_task_learn(task));
  uint64_t predictions = 0;
  for (int32_t i = 0; i < photos->count; i++) {
    tinynn_prediction p;
    embed(n, photos, i);
    CHECK(tinynn_task_classify(task, embedding.data, embedding.count, &p));
    predictions = predictions * 31 + tinynn_checksum(&p, sizeof p);
  }
  print("classify-unlabelled", name, predictions);
  CHECK(tinynn_task_file_bytes(task, &bytes));
  void *file = lent(bytes);
  CHECK(tinynn_task_save(task, file, bytes, &written));
  print("task-unlabelled", name, tinynn_checksum(file, written));
}

static tinynn_task *learn(Network *n, const Photos *photos, const char *name, int prints) {
  size_t bytes;
  tinynn_task *task;
  CHECK(tinynn_task_required_bytes(n->model, CLASS_CAPACITY, EXAMPLE_CAPACITY, &bytes));
  CHECK(tinynn_task_open(lent(bytes), bytes, n->model, CLASS_CAPACITY, EXAMPLE_CAPACITY, &task));
  tinynn_tensor embedding;
  CHECK(tinynn_session_output(n->session, 0, &embedding));
  uint64_t embeddings = 0;
  for (int32_t i = 0; i < photos->count; i++) {
    embed(n, photos, i);
    embeddings = embeddings * 31 + tinynn_checksum(embedding.data, 4 * embedding.count);
    char class[] = "class-A";
    class[6] = (char)('C' - i % CLASSES);
    CHECK(tinynn_task_add_example(
        task, class, tinynn_checksum(photos->pixels + (size_t)i * photos->bytes, photos->bytes), embedding.data, embedding.count));
  }
  CHECK(tinynn_task_rename_class(task, "class-B", "another"));
  CHECK(tinynn_task_learn(task));
  if (!prints) return task;
  print("embed", name, embeddings);
  uint64_t predictions = 0;
  for (int32_t i = 0; i < photos->count; i++) {
    tinynn_prediction p;
    embed(n, photos, i);
    CHECK(tinynn_task_classify(task, embedding.data, embedding.count, &p));
    predictions = predictions * 31 + tinynn_checksum(&p, sizeof p);
  }
  print("classify", name, predictions);
  size_t size, written;
  CHECK(tinynn_task_file_bytes(task, &size));
  void *file = lent(size);
  CHECK(tinynn_task_save(task, file, size, &written));
  print("task", name, tinynn_checksum(file, written));
  propagate(n, photos, name, task);
  return task;
}

// Libraries of inference alone have no trainer.
#if !defined(INFERENCE_ONLY)
static void train(Network *n, const Photos *photos, const char *name, int32_t first, tinynn_task *task) {
  enum { BATCH = 4, STEPS = 3 };
  tinynn_training_options options = {first, BATCH, TINYNN_ADAM, 1};
  tinynn_optimizer_step step = {1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.98f, 1};
  size_t bytes, scratch;
  tinynn_trainer *trainer;
  CHECK(tinynn_trainer_required_bytes(n->model, &options, &bytes));
  CHECK(tinynn_trainer_open(lent(bytes), bytes, n->model, &options, &trainer));
  CHECK(tinynn_embed_scratch_bytes(n->model, photos->height, photos->width, &scratch));
  void *memory = lent(scratch);
  for (int32_t i = 0; i < BATCH; i++) {
    CHECK(tinynn_session_load_photo(n->session, photos->pixels + (size_t)i * photos->bytes, photos->bytes, photos->height,
        photos->width, 3 * (size_t)photos->width, memory, scratch));
    CHECK(tinynn_trainer_load(trainer, n->session, i));
  }
  for (int k = 0; k < STEPS; k++) {
    float losses[BATCH];
    CHECK(tinynn_trainer_forward(trainer));
    for (int32_t i = 0; i < BATCH; i++) CHECK(tinynn_trainer_prototype_loss(trainer, i, task, i % CLASSES, &losses[i]));
    print("loss", name, tinynn_checksum(losses, sizeof losses));
    CHECK(tinynn_trainer_backward(trainer));
    CHECK(tinynn_trainer_step(trainer, &step));
  }
  CHECK(tinynn_trainer_adopt_average(trainer));
  size_t size, written;
  CHECK(tinynn_trainer_file_bytes(trainer, &size));
  uint8_t *file = lent(size);
  CHECK(tinynn_trainer_save(trainer, file, size, &written));
  print("trained", name, tinynn_checksum(file, written));
  // What was written opens and runs.
  Network trained = open(file, written, TINYNN_KERNELS_BEST);
  embed(&trained, photos, 0);
  tinynn_tensor embedding;
  CHECK(tinynn_session_output(trained.session, 0, &embedding));
  print("embed-trained", name, tinynn_checksum(embedding.data, 4 * embedding.count));
}
#endif

int main(int argc, char **argv) {
  if (argc != 3) {
    printf("usage: conformance KERNELS LIST\n");
    return 64;
  }
  int32_t kernels = atoi(argv[1]);
  FILE *list = fopen(argv[2], "r");
  if (!list) {
    printf("cannot open %s\n", argv[2]);
    return 66;
  }
  char what[16], model[512], photos[512], line[1200];
  while (fgets(line, sizeof line, list)) {
    int count, height, width, first = 0;
    int found = sscanf(line, "%15s %511s %511s %d %d %d %d", what, model, photos, &count, &height, &width, &first);
    if (found == 2) {
      run(model, kernels);
    } else if (found >= 6) {
      size_t modelBytes, photoBytes;
      const uint8_t *file = fileBytes(model, &modelBytes);
      Photos p = {fileBytes(photos, &photoBytes), count, height, width, (size_t)height * (size_t)width * 3};
      if (photoBytes < (size_t)count * p.bytes) {
        printf("%s holds fewer photos\n", photos);
        return 1;
      }
      Network n = open(file, modelBytes, kernels);
      tinynn_task *task = learn(&n, &p, model, strcmp(what, "learn") == 0);
#if !defined(INFERENCE_ONLY)
      if (strcmp(what, "train") == 0) train(&n, &p, model, first, task);
#else
      (void)task;
#endif
    }
    giveBack();
  }
  fclose(list);
  return 0;
}
