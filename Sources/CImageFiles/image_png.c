#include "image_source.h"

#include <setjmp.h>
#include <stdlib.h>

#include <png.h>

struct image_png {
  png_structp png;
  png_infop info;
  jmp_buf recovery;
  image_source *source;
  image_failure *failure;
  size_t warning_count;
  bool ran_out;
};

static void on_error(png_structp png, png_const_charp message) {
  image_png *reader = png_get_error_ptr(png);
  image_failure_set(reader->failure, reader->ran_out ? image_truncated : image_corrupted, reader->source, message);
  longjmp(reader->recovery, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)message;
  image_png *reader = png_get_error_ptr(png);
  reader->warning_count += 1;
}

static void on_read(png_structp png, png_bytep bytes, size_t count) {
  image_png *reader = png_get_io_ptr(png);
  if (image_source_read(reader->source, bytes, count) != count) {
    reader->ran_out = true;
    png_error(png, "the file ends inside a chunk");
  }
}

image_png *image_png_open(image_source *source, image_failure *failure) {
  image_png *reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    image_failure_set(failure, image_out_of_memory, source, "out of memory");
    return NULL;
  }
  reader->source = source;
  reader->failure = failure;
  if (setjmp(reader->recovery) != 0) {
    image_png_close(reader);
    return NULL;
  }
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
  if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
  if (reader->info == NULL) {
    image_failure_set(failure, image_out_of_memory, source, "out of memory");
    image_png_close(reader);
    return NULL;
  }
  png_set_read_fn(reader->png, reader, on_read);
  png_set_user_limits(reader->png, 0x7FFFFFFF, 0x7FFFFFFF);
  // Text and colour profiles are not needed, and can be made to unpack to much memory.
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(reader->png, reader->info);
  return reader;
}

void image_png_size(const image_png *reader, uint32_t *width, uint32_t *height) {
  *width = png_get_image_width(reader->png, reader->info);
  *height = png_get_image_height(reader->png, reader->info);
}

image_status image_png_decode(image_png *reader, uint8_t *pixels, size_t row_stride, image_failure *failure) {
  png_structp png = reader->png;
  reader->failure = failure;
  if (setjmp(reader->recovery) != 0) return failure->status;
  png_set_strip_16(png);
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_gray_to_rgb(png);
  png_set_strip_alpha(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, reader->info);
  uint32_t width, height;
  image_png_size(reader, &width, &height);
  if (png_get_rowbytes(png, reader->info) != (size_t)width * 3) {
    png_error(png, "the rows do not become 8-bit RGB");
  }
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < height; y++) {
      png_read_row(png, pixels + (size_t)y * row_stride, NULL);
    }
  }
  return image_ok;
}

size_t image_png_warning_count(const image_png *reader) { return reader->warning_count; }

void image_png_close(image_png *reader) {
  if (reader == NULL) return;
  if (reader->png != NULL) png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}
