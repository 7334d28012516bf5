// JPEG through libjpeg and PNG through libpng, from memory or from a file descriptor, without ever holding the whole
// file. Both libraries report errors by longjmp, which must not cross Swift frames: every function here catches it and
// returns a status. No global state; one reader belongs to one thread at a time.

#ifndef CIMAGEFILES_H
#define CIMAGEFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum image_status {
  image_ok = 0,
  image_truncated,
  image_corrupted,
  image_unsupported,
  image_out_of_memory,
  image_read_failed,
} image_status;

typedef struct image_failure {
  image_status status;
  /// Bytes of the file consumed when the failure was found.
  uint64_t offset;
  /// errno, with image_read_failed.
  int system_error;
  /// The library's own words, in UTF-8, terminated by 0.
  char message[256];
} image_failure;

/// Where the pixel of stored column x and stored row y goes: origin + x * column_step + y * row_step, 3 bytes R, G, B.
typedef struct image_placement {
  uint8_t *origin;
  ptrdiff_t column_step;
  ptrdiff_t row_step;
} image_placement;

/// A forward-only stream of bytes.
typedef struct image_source image_source;

/// Reads from `bytes`, which must outlive the source. NULL when out of memory.
image_source *image_source_open_memory(const uint8_t *bytes, size_t count);
/// Reads from a file descriptor, which stays the caller's and open. NULL when out of memory.
image_source *image_source_open_descriptor(int descriptor);
void image_source_close(image_source *source);
/// Copies up to `count` (at most 4096) bytes without consuming them; returns fewer only at the end of the stream or
/// after a read error. Only before anything is consumed.
size_t image_source_peek(image_source *source, uint8_t *bytes, size_t count);
/// Copies and consumes up to `count` bytes; returns fewer only at the end of the stream or after a read error.
size_t image_source_read(image_source *source, uint8_t *bytes, size_t count);
/// Bytes consumed so far.
uint64_t image_source_offset(const image_source *source);
/// errno of the read that failed, or 0.
int image_source_error(const image_source *source);

typedef struct image_jpeg image_jpeg;

/// Reads the header. NULL on failure, described in `failure`.
image_jpeg *image_jpeg_open(image_source *source, image_failure *failure);
/// Size in the file, before scaling and orientation.
void image_jpeg_stored_size(const image_jpeg *reader, uint32_t *width, uint32_t *height);
/// Content of the first Exif segment after its "Exif\0\0" signature (a TIFF structure), valid until close; or NULL.
const uint8_t *image_jpeg_exif(const image_jpeg *reader, size_t *count);
/// Chooses decoding at `eighths` / 8 of the stored size (1 to 8) and returns the size that decode will produce.
image_status image_jpeg_set_scale(image_jpeg *reader, unsigned eighths, uint32_t *width, uint32_t *height, image_failure *failure);
/// Decodes all pixels. Missing or undecodable image data is a failure, never filled in.
image_status image_jpeg_decode(image_jpeg *reader, image_placement placement, image_failure *failure);
/// Oddities of the file that do not harm the pixels, found so far.
size_t image_jpeg_warning_count(const image_jpeg *reader);
void image_jpeg_close(image_jpeg *reader);

typedef struct image_png image_png;

/// Reads the header. NULL on failure, described in `failure`.
image_png *image_png_open(image_source *source, image_failure *failure);
void image_png_size(const image_png *reader, uint32_t *width, uint32_t *height);
/// Content of the chunk eXIf (a TIFF structure) among what was read so far, valid until the next call; or NULL.
const uint8_t *image_png_exif(const image_png *reader, size_t *count);
/// The text "Raw profile type exif" among what was read so far, valid until the next call; or NULL.
const char *image_png_exif_text(const image_png *reader);
/// Decodes all pixels and reads the file to its end. Alpha is dropped; 16-bit samples keep their high byte; gray and palette
/// become RGB; no gamma is applied. Damage behind the pixels is no failure.
image_status image_png_decode(image_png *reader, image_placement placement, image_failure *failure);
size_t image_png_warning_count(const image_png *reader);
void image_png_close(image_png *reader);

/// Bytes that a PNG file of so many RGB pixels has at most.
size_t image_png_size_limit(uint32_t width, uint32_t height);
/// Writes a PNG file of width x height RGB pixels without padding; returns its size, 0 where it does not fit or memory is short.
size_t image_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *file, size_t capacity);

/// A JPEG file of width x height RGB pixels without padding, which the caller frees, and its size; NULL where memory is short or a
/// side is too long. `quality` is 1 to 100.
uint8_t *image_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, size_t *count);

#endif
