// The steps of test_trainer.py, in C: trainer TASK.tnn PIXELS HEIGHT WIDTH FIRST_OPERATOR OPTIMIZER STEPS OUTPUT.tnn
//
// PIXELS: the photos of the batch one after another, [height][width][3]; photo i is of class i. Prints the losses.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tinynn.h"

static void check(tinynn_status status) {
  if (status == TINYNN_OK) return;
  fprintf(stderr, "%s\n", tinynn_status_text(status));
  exit(1);
}

static void *aligned(size_t bytes) { return aligned_alloc(TINYNN_ALIGNMENT, (bytes + 63) / 64 * 64); }

static uint8_t *read_file(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) exit(66);
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  uint8_t *data = aligned(*bytes);
  if (fread(data, 1, *bytes, file) != *bytes) exit(66);
  fclose(file);
  return data;
}

int main(int argc, char **argv) {
  if (argc != 9) return 64;
  size_t file_bytes, pixel_bytes, needed;
  uint8_t *file = read_file(argv[1], &file_bytes), *pixels = read_file(argv[2], &pixel_bytes);
  int32_t height = atoi(argv[3]), width = atoi(argv[4]);
  size_t photo = 3 * (size_t)height * (size_t)width;
  int32_t batch = (int32_t)(pixel_bytes / photo);

  tinynn_model *model;
  tinynn_model_info info;
  tinynn_session *session;
  tinynn_task *task;
  tinynn_trainer *trainer;
  check(tinynn_model_open(aligned(TINYNN_MODEL_BYTES), TINYNN_MODEL_BYTES, file, file_bytes, &model, NULL));
  check(tinynn_model_info_get(model, &info));
  check(tinynn_session_required_bytes(model, &needed));
  check(tinynn_session_open(aligned(needed), needed, model, TINYNN_KERNELS_BEST, &session));
  check(tinynn_task_required_bytes(model, info.class_count, info.example_count, &needed));
  check(tinynn_task_open(aligned(needed), needed, model, info.class_count, info.example_count, &task));
  tinynn_training_options options = {atoi(argv[5]), batch, atoi(argv[6]), 1};
  check(tinynn_trainer_required_bytes(model, &options, &needed));
  check(tinynn_trainer_open(aligned(needed), needed, model, &options, &trainer));

  check(tinynn_embed_scratch_bytes(model, height, width, &needed));
  void *scratch = aligned(needed);
  for (int32_t i = 0; i < batch; i++) {
    check(tinynn_session_load_photo(session, pixels + (size_t)i * photo, photo, height, width, 3 * (size_t)width, scratch, needed));
    check(tinynn_trainer_load(trainer, session, i));
  }
  tinynn_optimizer_step step = {1e-4f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.5f, 1};
  for (int k = 0; k < atoi(argv[7]); k++) {
    check(tinynn_trainer_forward(trainer));
    for (int32_t i = 0; i < batch; i++) {
      float loss;
      check(tinynn_trainer_prototype_loss(trainer, i, task, i, &loss));
      printf("%a\n", (double)loss);
    }
    check(tinynn_trainer_backward(trainer));
    check(tinynn_trainer_step(trainer, &step));
  }
  check(tinynn_trainer_adopt_average(trainer));
  check(tinynn_trainer_file_bytes(trainer, &needed));
  uint8_t *trained = aligned(needed);
  check(tinynn_trainer_save(trainer, trained, needed, &needed));
  FILE *output = fopen(argv[8], "wb");
  return !output || fwrite(trained, 1, needed, output) != needed || fclose(output) != 0;
}
