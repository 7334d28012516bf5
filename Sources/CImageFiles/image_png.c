#include "image_source.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

static const png_byte exif_chunk[5] = "eXIf";
/// Enough for what describes a photo; each text can be made to unpack to 8 MB.
enum { text_limit = 8 };
/// What one chunk may take: libpng asks for whatever a chunk claims to have.
enum { chunk_byte_limit = 1 << 24 };

struct image_png {
  png_structp png;
  png_infop info;
  /// What follows the pixels.
  png_infop end_info;
  /// One row, where pixels are turned.
  png_bytep row;
  jmp_buf recovery;
  image_source *source;
  image_failure *failure;
  size_t warning_count;
  bool ran_out;
  /// Rows may take what the picture's width says, which the caller has checked.
  bool reads_pixels;
};

static image_status status_of(const image_png *reader, const char *message) {
  // libpng has no codes for errors.
  if (strcmp(message, "Out of memory") == 0 || strcmp(message, "insufficient memory") == 0) return image_out_of_memory;
  return reader->ran_out ? image_truncated : image_corrupted;
}

static png_voidp allocate(png_structp png, png_alloc_size_t count) {
  const image_png *reader = png_get_mem_ptr(png);
  return reader->reads_pixels || count <= chunk_byte_limit ? malloc(count) : NULL;
}

static void release(png_structp png, png_voidp memory) {
  (void)png;
  free(memory);
}

static void on_error(png_structp png, png_const_charp message) {
  image_png *reader = png_get_error_ptr(png);
  image_failure_set(reader->failure, status_of(reader, message), reader->source, message);
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
  reader->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning, reader, allocate, release);
  if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
  if (reader->info == NULL) {
    image_failure_set(failure, image_out_of_memory, source, "out of memory");
    image_png_close(reader);
    return NULL;
  }
  png_set_read_fn(reader->png, reader, on_read);
  png_set_user_limits(reader->png, 0x7FFFFFFF, 0x7FFFFFFF);
  // Colour profiles are not needed, and can be made to unpack to much memory; of texts one may hold the orientation.
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  static const png_byte text_chunks[] = "tEXt\0zTXt\0";
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_AS_DEFAULT, text_chunks, 2);
  png_set_chunk_cache_max(reader->png, text_limit + 2);
  // As it is: libpng refuses such a chunk with "Exif\0\0" before it, and old versions do not know it.
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_ALWAYS, exif_chunk, 1);
  png_read_info(reader->png, reader->info);
  return reader;
}

void image_png_size(const image_png *reader, uint32_t *width, uint32_t *height) {
  *width = png_get_image_width(reader->png, reader->info);
  *height = png_get_image_height(reader->png, reader->info);
}

const uint8_t *image_png_exif(const image_png *reader, size_t *count) {
  const png_infop infos[2] = {reader->info, reader->end_info};
  for (int which = 0; which < 2; which++) {
    png_unknown_chunkp chunks = NULL;
    int chunk_count = png_get_unknown_chunks(reader->png, infos[which], &chunks);
    for (int index = 0; index < chunk_count; index++) {
      if (memcmp(chunks[index].name, exif_chunk, 4) == 0 && chunks[index].size > 0) {
        *count = chunks[index].size;
        return chunks[index].data;
      }
    }
  }
  *count = 0;
  return NULL;
}

const char *image_png_exif_text(const image_png *reader) {
  const png_infop infos[2] = {reader->info, reader->end_info};
  for (int which = 0; which < 2; which++) {
    png_textp texts = NULL;
    int text_count = 0;
    png_get_text(reader->png, infos[which], &texts, &text_count);
    for (int index = 0; index < text_count; index++) {
      if (texts[index].text != NULL && strcmp(texts[index].key, "Raw profile type exif") == 0) return texts[index].text;
    }
  }
  return NULL;
}

/// Copies a row from where its pixels are placed.
static void gather_row(uint8_t *row, const uint8_t *pixel, ptrdiff_t step, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, row += 3, pixel += step) memcpy(row, pixel, 3);
}

static void place_row(const uint8_t *row, uint8_t *pixel, ptrdiff_t step, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, row += 3, pixel += step) memcpy(pixel, row, 3);
}

/// Reads what follows the pixels, as far as it is sound.
static void read_end(image_png *reader) {
  size_t warning_count = reader->warning_count;
  image_failure ignored;
  reader->failure = &ignored;
  reader->reads_pixels = false;
  if (setjmp(reader->recovery) == 0) {
    reader->end_info = png_create_info_struct(reader->png);
    if (reader->end_info != NULL) png_read_end(reader->png, reader->end_info);
  }
  reader->warning_count = warning_count;
}

image_status image_png_decode(image_png *reader, image_placement placement, image_failure *failure) {
  png_structp png = reader->png;
  reader->failure = failure;
  if (setjmp(reader->recovery) != 0) return failure->status;
  reader->reads_pixels = true;
  png_set_strip_16(png);
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_gray_to_rgb(png);
  png_set_strip_alpha(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, reader->info);
  uint32_t width, height;
  image_png_size(reader, &width, &height);
  size_t row_size = (size_t)width * 3;
  if (png_get_rowbytes(png, reader->info) != row_size) {
    png_error(png, "the rows do not become 8-bit RGB");
  }
  bool is_direct = placement.column_step == 3;
  if (!is_direct) reader->row = png_calloc(png, row_size);
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < height; y++) {
      uint8_t *pixel = placement.origin + (ptrdiff_t)y * placement.row_step;
      // A later pass adds to the pixels of the passes before.
      if (!is_direct && pass > 0) gather_row(reader->row, pixel, placement.column_step, width);
      png_read_row(png, is_direct ? pixel : reader->row, NULL);
      if (!is_direct) place_row(reader->row, pixel, placement.column_step, width);
    }
  }
  read_end(reader);
  return image_ok;
}

size_t image_png_warning_count(const image_png *reader) { return reader->warning_count; }

void image_png_close(image_png *reader) {
  if (reader == NULL) return;
  if (reader->png != NULL) {
    png_free(reader->png, reader->row);
    png_destroy_read_struct(&reader->png, &reader->info, &reader->end_info);
  }
  free(reader);
}
