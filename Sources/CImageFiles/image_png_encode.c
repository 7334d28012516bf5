#include "CImageFiles.h"

#include <string.h>

#include <png.h>

static png_image described(uint32_t width, uint32_t height) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  return image;
}

size_t image_png_size_limit(uint32_t width, uint32_t height) {
  png_image image = described(width, height);
  return PNG_IMAGE_PNG_SIZE_MAX(image);
}

size_t image_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *file, size_t capacity) {
  png_image image = described(width, height);
  png_alloc_size_t size = capacity;
  if (!png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL)) return 0;
  return size;
}
