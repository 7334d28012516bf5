#ifndef PHOTO_H
#define PHOTO_H

#include <stdint.h>

// Decoded RGB pixels, 8 bits each, rows without gaps.
typedef struct {
  uint8_t *pixels;
  int32_t height, width;
} photo;

// Decodes a JPEG file, reduced while decoding by 1, 2, 4 or 8. Returns 0, or -1 with one line on standard error. The pixels are the
// caller's, to be freed.
int photo_read(const char *path, int reduction, photo *result);

#endif
