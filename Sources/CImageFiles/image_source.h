#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include "CImageFiles.h"

struct image_source {
  /// Bytes that are there and not consumed.
  const uint8_t *next;
  size_t available;
  /// Offset in the file of the byte after the available ones.
  uint64_t end_offset;
  /// NULL for a source in memory.
  uint8_t *buffer;
  int descriptor;
  int error;
};

/// Gets more bytes when none are available. False at the end or after a read error.
bool image_source_fill(image_source *source);

void image_failure_set(image_failure *failure, image_status status, const image_source *source, const char *message);

#endif
