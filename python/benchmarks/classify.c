// The calls that Task.classify makes for an array, in C, for classify.py.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tinynn.h"

static tinynn_session *session;
static tinynn_task *task;
static tinynn_photo photo;
static tinynn_model_info info;
static void *scratch;
static size_t scratch_bytes;
static float *embedding, *confidences;

static void *aligned(size_t bytes) { return aligned_alloc(TINYNN_ALIGNMENT, (bytes + 63) / 64 * 64); }

static void check(tinynn_status status) {
  if (status == TINYNN_OK) return;
  fprintf(stderr, "%s\n", tinynn_status_text(status));
  exit(1);
}

/// `file` starts at a multiple of 64 and stays, as do the pixels, [height][width][3].
void classify_open(const void *file, size_t bytes, const uint8_t *pixels, int32_t height, int32_t width) {
  tinynn_model *model;
  size_t needed;
  check(tinynn_model_open(aligned(TINYNN_MODEL_BYTES), TINYNN_MODEL_BYTES, file, bytes, &model, NULL));
  check(tinynn_model_info_get(model, &info));
  check(tinynn_session_required_bytes(model, &needed));
  check(tinynn_session_open(aligned(needed), needed, model, TINYNN_KERNELS_BEST, &session));
  check(tinynn_task_required_bytes(model, info.class_count, info.example_count, &needed));
  check(tinynn_task_open(aligned(needed), needed, model, info.class_count, info.example_count, &task));
  photo = (tinynn_photo){pixels, 3 * (size_t)height * (size_t)width, height, width, 1, 3 * (size_t)width};
  check(tinynn_embed_photo_scratch_bytes(model, &photo, 1, &scratch_bytes));
  scratch = aligned(scratch_bytes);
  embedding = aligned(4 * (size_t)info.dimension);
  confidences = aligned(4 * (size_t)info.class_count);
}

/// Microseconds of one answer.
double classify_run(void) {
  struct timespec start, end;
  tinynn_prediction prediction;
  clock_gettime(CLOCK_MONOTONIC, &start);
  check(tinynn_session_embed_photo(session, &photo, 1, scratch, scratch_bytes, embedding, (size_t)info.dimension));
  check(tinynn_task_classify(task, embedding, (size_t)info.dimension, &prediction));
  check(tinynn_task_confidences(task, confidences, (size_t)info.class_count));
  clock_gettime(CLOCK_MONOTONIC, &end);
  return (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
}
