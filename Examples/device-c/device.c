// Few-shot learning on an ARM Linux board through tinynn.h, without Swift, Python or an operating system's help but files and
// libjpeg:
//   device adapt ENCODER.tnn FOLDER -o TASK.tnn    FOLDER has one folder of JPEG photos for each class; a folder named
//                                                  "unlabelled" has photos of the same things without a label
//   device classify TASK.tnn IMAGE.jpg...
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "photo.h"
#include "tinynn.h"

enum { CLASS_CAPACITY = 64, EXAMPLE_CAPACITY = 1024, UNLABELLED_CAPACITY = 250, PATH_BYTES = 4096 };

static void stop(int code, const char *what, const char *why) {
  fprintf(stderr, "device: %s: %s\n", what, why);
  exit(code);
}

static void check(const char *what, tinynn_status status) {
  if (status != TINYNN_OK) stop(65, what, tinynn_status_text(status));
}

// Memory for the library: at a multiple of 64, kept until the program ends.
static void *memory(size_t bytes) {
  size_t rounded = (bytes + TINYNN_ALIGNMENT - 1) / TINYNN_ALIGNMENT * TINYNN_ALIGNMENT;
  void *result = aligned_alloc(TINYNN_ALIGNMENT, rounded);
  if (!result) stop(74, "memory", strerror(errno));
  return result;
}

typedef struct {
  tinynn_model *model;
  tinynn_session *session;
  tinynn_task *task;
  tinynn_tensor embedding;
} device;

static device open_model(const char *path) {
  device d;
  FILE *file = fopen(path, "rb");
  if (!file) stop(66, path, strerror(errno));
  fseek(file, 0, SEEK_END);
  size_t bytes = (size_t)ftell(file), needed;
  rewind(file);
  void *contents = memory(bytes);
  if (fread(contents, 1, bytes, file) != bytes) stop(74, path, "cannot be read");
  fclose(file);
  tinynn_error error;
  tinynn_status status =
      tinynn_model_open(memory(tinynn_model_required_bytes()), tinynn_model_required_bytes(), contents, bytes, &d.model, &error);
  if (status != TINYNN_OK) {
    fprintf(stderr, "device: %s, byte %zu: %s\n", path, error.byte_offset, tinynn_status_text(status));
    exit(65);
  }
  check(path, tinynn_session_required_bytes(d.model, &needed));
  check(path, tinynn_session_open(memory(needed), needed, d.model, TINYNN_KERNELS_BEST, &d.session));
  check(path, tinynn_session_output(d.session, 0, &d.embedding));
  check(path, tinynn_task_required_bytes(d.model, CLASS_CAPACITY, EXAMPLE_CAPACITY, &needed));
  check(path, tinynn_task_open(memory(needed), needed, d.model, CLASS_CAPACITY, EXAMPLE_CAPACITY, &d.task));
  return d;
}

// Returns the checksum of the pixels, or 0 where the photo cannot be read.
static uint64_t embed(device *d, const char *path) {
  photo p;
  size_t needed;
  if (photo_read(path, 1, &p)) return 0;
  size_t bytes = (size_t)p.height * (size_t)p.width * 3;
  check(path, tinynn_embed_scratch_bytes(d->model, p.height, p.width, &needed));
  void *scratch = memory(needed);
  check(path, tinynn_session_embed(d->session, p.pixels, bytes, p.height, p.width, 3 * (size_t)p.width, scratch, needed));
  uint64_t checksum = tinynn_checksum(p.pixels, bytes);
  free(scratch);
  free(p.pixels);
  return checksum;
}

static int is_shown(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void save(device *d, const char *path) {
  size_t bytes, written;
  check(path, tinynn_task_file_bytes(d->task, &bytes));
  void *contents = memory(bytes);
  check(path, tinynn_task_save(d->task, contents, bytes, &written));
  // A power cut leaves the old file or the new one.
  char temporary[PATH_BYTES];
  snprintf(temporary, sizeof temporary, "%s.new", path);
  FILE *file = fopen(temporary, "wb");
  if (!file) stop(73, temporary, strerror(errno));
  int failed = fwrite(contents, 1, written, file) != written || fflush(file) || fsync(fileno(file));
  if (fclose(file) || failed || rename(temporary, path)) stop(74, path, strerror(errno));
  printf("%s: %d classes, %d photos, %zu bytes, checksum %016llx\n", path, (int)tinynn_task_class_count(d->task),
      (int)tinynn_task_example_count(d->task), written, (unsigned long long)tinynn_checksum(contents, written));
}

// Photos without labels teach beside the others; what there is no room for is left out.
static void add_unlabelled(device *d, const char *image) {
  uint64_t identifier = embed(d, image);
  if (!identifier) return;
  tinynn_status status = tinynn_task_add_unlabelled(d->task, identifier, d->embedding.data, d->embedding.count);
  if (status != TINYNN_TOO_MANY_UNLABELLED) check(image, status);
}

static void reserve_unlabelled(device *d, const char *folder) {
  size_t needed;
  check(folder, tinynn_task_unlabelled_required_bytes(d->task, UNLABELLED_CAPACITY, &needed));
  check(folder, tinynn_task_reserve_unlabelled(d->task, memory(needed), needed, UNLABELLED_CAPACITY));
}

static void adapt(const char *encoder, const char *folder, const char *output) {
  device d = open_model(encoder);
  struct dirent **classes;
  int count = scandir(folder, &classes, is_shown, alphasort);
  if (count < 0) stop(66, folder, strerror(errno));
  for (int c = 0; c < count; c++) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, classes[c]->d_name);
    struct dirent **images;
    int found = scandir(path, &images, is_shown, alphasort), has_labels = strcmp(classes[c]->d_name, "unlabelled");
    if (!has_labels) reserve_unlabelled(&d, path);
    for (int i = 0; i < found; i++) {
      char image[PATH_BYTES + 256];
      snprintf(image, sizeof image, "%s/%s", path, images[i]->d_name);
      if (!has_labels) {
        add_unlabelled(&d, image);
        continue;
      }
      uint64_t identifier = embed(&d, image);
      if (identifier) {
        tinynn_status status = tinynn_task_add_example(d.task, classes[c]->d_name, identifier, d.embedding.data, d.embedding.count);
        if (status != TINYNN_EXAMPLE_EXISTS) check(image, status);
      }
    }
  }
  check(folder, tinynn_task_learn(d.task));
  save(&d, output);
}

static void classify(const char *task, char **images, int count) {
  device d = open_model(task);
  for (int i = 0; i < count; i++) {
    tinynn_prediction p;
    if (!embed(&d, images[i])) continue;
    check(images[i], tinynn_task_classify(d.task, d.embedding.data, d.embedding.count, &p));
    printf("%s  %s%s  %.1f %%\n", images[i], p.is_unknown ? "unknown, nearest " : "", tinynn_task_class_name(d.task, p.class_index),
        (double)(100 * p.confidence));
  }
}

int main(int argc, char **argv) {
  if (argc == 6 && !strcmp(argv[1], "adapt") && !strcmp(argv[4], "-o")) {
    adapt(argv[2], argv[3], argv[5]);
  } else if (argc >= 4 && !strcmp(argv[1], "classify")) {
    classify(argv[2], argv + 3, argc - 3);
  } else {
    fprintf(stderr, "usage: device adapt ENCODER.tnn FOLDER -o TASK.tnn\n       device classify TASK.tnn IMAGE.jpg...\n");
    return 64;
  }
  return 0;
}
