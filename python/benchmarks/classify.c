// The calls that Task.classify makes for an array, in C, for classify.py.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tinynn.h"

static tinynn_session *session;
static tinynn_task *task;
static tinynn_photo photo;
static void *scratch;
static size_t scratch_bytes, dimension, classes;
static float *embedding, *confidences;

static void check(tinynn_status status) {
  if (status == TINYNN_OK) return;
  fprintf(stderr, "%s\n", tinynn_status_text(status));
  exit(1);
}

/// Everything stays: handles, scratch memory, pixels [height][width][3].
void classify_open(void *opened_session, void *opened_task, void *memory, size_t memory_bytes, const uint8_t *pixels,
    int32_t height, int32_t width, size_t dimension_count, size_t class_count) {
  session = opened_session;
  task = opened_task;
  scratch = memory;
  scratch_bytes = memory_bytes;
  dimension = dimension_count;
  classes = class_count;
  photo = (tinynn_photo){pixels, 3 * (size_t)height * (size_t)width, height, width, 1, 3 * (size_t)width};
  embedding = malloc(4 * dimension);
  confidences = malloc(4 * classes);
}

/// Microseconds of one answer.
double classify_run(void) {
  struct timespec start, end;
  tinynn_prediction prediction;
  clock_gettime(CLOCK_MONOTONIC, &start);
  check(tinynn_session_embed_photo(session, &photo, 1, scratch, scratch_bytes, embedding, dimension));
  check(tinynn_task_classify(task, embedding, dimension, &prediction));
  check(tinynn_task_confidences(task, confidences, classes));
  clock_gettime(CLOCK_MONOTONIC, &end);
  return (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
}
