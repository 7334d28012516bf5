#include "image_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { buffer_size = 32768, peek_limit = 4096 };

image_source *image_source_open_memory(const uint8_t *bytes, size_t count) {
  image_source *source = calloc(1, sizeof *source);
  if (source == NULL) return NULL;
  source->next = bytes;
  source->available = count;
  source->end_offset = count;
  source->descriptor = -1;
  return source;
}

image_source *image_source_open_descriptor(int descriptor) {
  image_source *source = calloc(1, sizeof *source);
  if (source == NULL) return NULL;
  source->buffer = malloc(buffer_size);
  if (source->buffer == NULL) {
    free(source);
    return NULL;
  }
  source->next = source->buffer;
  source->descriptor = descriptor;
  return source;
}

void image_source_close(image_source *source) {
  if (source == NULL) return;
  free(source->buffer);
  free(source);
}

static size_t read_some(image_source *source, uint8_t *bytes, size_t count) {
  if (source->buffer == NULL || source->error != 0) return 0;
  ssize_t result;
  do {
    result = read(source->descriptor, bytes, count);
  } while (result < 0 && errno == EINTR);
  if (result < 0) {
    source->error = errno;
    return 0;
  }
  source->end_offset += (uint64_t)result;
  return (size_t)result;
}

bool image_source_fill(image_source *source) {
  if (source->available > 0) return true;
  size_t count = read_some(source, source->buffer, buffer_size);
  if (count == 0) return false;
  source->next = source->buffer;
  source->available = count;
  return true;
}

size_t image_source_peek(image_source *source, uint8_t *bytes, size_t count) {
  if (count > peek_limit) count = peek_limit;
  while (source->available < count && source->next == source->buffer) {
    size_t added = read_some(source, source->buffer + source->available, buffer_size - source->available);
    if (added == 0) break;
    source->available += added;
  }
  if (count > source->available) count = source->available;
  if (count > 0) memcpy(bytes, source->next, count);
  return count;
}

size_t image_source_read(image_source *source, uint8_t *bytes, size_t count) {
  size_t done = 0;
  while (done < count && image_source_fill(source)) {
    size_t part = count - done < source->available ? count - done : source->available;
    memcpy(bytes + done, source->next, part);
    source->next += part;
    source->available -= part;
    done += part;
  }
  return done;
}

uint64_t image_source_offset(const image_source *source) { return source->end_offset - source->available; }

int image_source_error(const image_source *source) { return source->error; }

void image_failure_set(image_failure *failure, image_status status, const image_source *source, const char *message) {
  if (source != NULL && source->error != 0) status = image_read_failed;
  failure->status = status;
  failure->offset = source != NULL ? image_source_offset(source) : 0;
  failure->system_error = source != NULL ? source->error : 0;
  size_t length = strnlen(message, sizeof failure->message - 1);
  memmove(failure->message, message, length);
  failure->message[length] = 0;
}
