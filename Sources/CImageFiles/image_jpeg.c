#include "image_source.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// jerror.h numbers its codes by what jpeglib.h says the library was built with.
#include <jpeglib.h>

#include <jerror.h>

/// A progressive file may rewrite the whole image in every scan; honest files have about ten scans.
enum { scan_limit = 200 };

struct image_jpeg {
  struct jpeg_decompress_struct decompress;
  struct jpeg_error_mgr error_manager;
  struct jpeg_source_mgr source_manager;
  struct jpeg_progress_mgr progress_manager;
  jmp_buf recovery;
  image_source *source;
  image_failure *failure;
  size_t warning_count;
  bool ran_out;
};

static const JOCTET end_of_image[2] = {0xFF, JPEG_EOI};

static image_jpeg *reader_of(j_common_ptr common) { return common->client_data; }

static image_status status_of(const image_jpeg *reader, int code) {
  switch (code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
      return image_out_of_memory;
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
    case JERR_COMPONENT_COUNT:
      return image_unsupported;
    default:
      return reader->ran_out ? image_truncated : image_corrupted;
  }
}

/// libjpeg works on its own copy of the source's position.
static void return_bytes_to_source(image_jpeg *reader) {
  if (reader->ran_out) return;
  reader->source->next = reader->source_manager.next_input_byte;
  reader->source->available = reader->source_manager.bytes_in_buffer;
}

_Noreturn static void fail_with(image_jpeg *reader, image_status status, const char *message) {
  return_bytes_to_source(reader);
  image_failure_set(reader->failure, status, reader->source, message);
  longjmp(reader->recovery, 1);
}

static void on_error(j_common_ptr common) {
  char message[JMSG_LENGTH_MAX];
  common->err->format_message(common, message);
  image_jpeg *reader = reader_of(common);
  fail_with(reader, status_of(reader, common->err->msg_code), message);
}

static void on_message(j_common_ptr common, int level) {
  if (level >= 0) return;
  reader_of(common)->warning_count += 1;
  switch (common->err->msg_code) {
    // After these libjpeg goes on with made-up pixels.
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      on_error(common);
  }
}

static void on_output(j_common_ptr common) { (void)common; }

static void init_source(j_decompress_ptr decompress) {
  image_jpeg *reader = reader_of((j_common_ptr)decompress);
  reader->source_manager.next_input_byte = reader->source->next;
  reader->source_manager.bytes_in_buffer = reader->source->available;
}

static void term_source(j_decompress_ptr decompress) { (void)decompress; }

/// At the end of the file libjpeg is given an end marker, so that it finishes what it has; `ran_out` remembers it.
static boolean fill_input_buffer(j_decompress_ptr decompress) {
  image_jpeg *reader = reader_of((j_common_ptr)decompress);
  if (!reader->ran_out) {
    reader->source->available = 0;
    if (image_source_fill(reader->source)) {
      reader->source_manager.next_input_byte = reader->source->next;
      reader->source_manager.bytes_in_buffer = reader->source->available;
      return TRUE;
    }
    if (reader->source->error != 0) {
      reader->source_manager.bytes_in_buffer = 0;
      fail_with(reader, image_read_failed, "reading failed");
    }
    reader->ran_out = true;
  }
  reader->source_manager.next_input_byte = end_of_image;
  reader->source_manager.bytes_in_buffer = sizeof end_of_image;
  return TRUE;
}

static void skip_input_data(j_decompress_ptr decompress, long count) {
  image_jpeg *reader = reader_of((j_common_ptr)decompress);
  struct jpeg_source_mgr *manager = &reader->source_manager;
  if (count <= 0) return;
  size_t left = (size_t)count;
  while (left > manager->bytes_in_buffer) {
    if (reader->ran_out) {
      fill_input_buffer(decompress);
      return;
    }
    left -= manager->bytes_in_buffer;
    manager->bytes_in_buffer = 0;
    fill_input_buffer(decompress);
    if (reader->ran_out) return;
  }
  manager->next_input_byte += left;
  manager->bytes_in_buffer -= left;
}

static void on_progress(j_common_ptr common) {
  image_jpeg *reader = reader_of(common);
  if (reader->decompress.input_scan_number > scan_limit) {
    fail_with(reader, image_corrupted, "too many scans");
  }
}

image_jpeg *image_jpeg_open(image_source *source, image_failure *failure) {
  image_jpeg *reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    image_failure_set(failure, image_out_of_memory, source, "out of memory");
    return NULL;
  }
  reader->source = source;
  reader->failure = failure;
  struct jpeg_decompress_struct *decompress = &reader->decompress;
  decompress->err = jpeg_std_error(&reader->error_manager);
  reader->error_manager.error_exit = on_error;
  reader->error_manager.emit_message = on_message;
  reader->error_manager.output_message = on_output;
  decompress->client_data = reader;
  if (setjmp(reader->recovery) != 0) {
    jpeg_destroy_decompress(decompress);
    free(reader);
    return NULL;
  }
  jpeg_create_decompress(decompress);
  reader->source_manager.init_source = init_source;
  reader->source_manager.fill_input_buffer = fill_input_buffer;
  reader->source_manager.skip_input_data = skip_input_data;
  reader->source_manager.resync_to_restart = jpeg_resync_to_restart;
  reader->source_manager.term_source = term_source;
  decompress->src = &reader->source_manager;
  reader->progress_manager.progress_monitor = on_progress;
  decompress->progress = &reader->progress_manager;
  jpeg_save_markers(decompress, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(decompress, TRUE);
  switch (decompress->jpeg_color_space) {
    case JCS_CMYK:
    case JCS_YCCK:
      decompress->out_color_space = JCS_CMYK;
      break;
    case JCS_UNKNOWN:
      fail_with(reader, image_unsupported, "unknown number of colour components");
      break;
    default:
      decompress->out_color_space = JCS_RGB;
  }
  return reader;
}

void image_jpeg_stored_size(const image_jpeg *reader, uint32_t *width, uint32_t *height) {
  *width = reader->decompress.image_width;
  *height = reader->decompress.image_height;
}

const uint8_t *image_jpeg_exif(const image_jpeg *reader, size_t *count) {
  static const char signature[6] = "Exif\0";
  jpeg_saved_marker_ptr marker = reader->decompress.marker_list;
  for (; marker != NULL; marker = marker->next) {
    if (marker->marker == JPEG_APP0 + 1 && marker->data_length >= sizeof signature &&
        memcmp(marker->data, signature, sizeof signature) == 0) {
      *count = marker->data_length - sizeof signature;
      return marker->data + sizeof signature;
    }
  }
  *count = 0;
  return NULL;
}

image_status image_jpeg_set_scale(image_jpeg *reader, unsigned eighths, uint32_t *width, uint32_t *height, image_failure *failure) {
  reader->failure = failure;
  if (setjmp(reader->recovery) != 0) return failure->status;
  reader->decompress.scale_num = eighths;
  reader->decompress.scale_denom = 8;
  jpeg_calc_output_dimensions(&reader->decompress);
  *width = reader->decompress.output_width;
  *height = reader->decompress.output_height;
  return image_ok;
}

static uint8_t multiply_and_divide_by_255(unsigned a, unsigned b) {
  unsigned product = a * b + 128;
  return (uint8_t)((product + (product >> 8)) >> 8);
}

/// CMYK of JPEG files is stored inverted (Adobe's convention), and so already the light that each ink lets through.
static void place_row(const image_jpeg *reader, const JSAMPLE *row, uint8_t *pixel, ptrdiff_t step) {
  JDIMENSION width = reader->decompress.output_width;
  if (reader->decompress.out_color_space == JCS_CMYK) {
    for (JDIMENSION x = 0; x < width; x++, row += 4, pixel += step) {
      for (int channel = 0; channel < 3; channel++) {
        pixel[channel] = (uint8_t)(row[3] - multiply_and_divide_by_255(255u - row[channel], row[3]));
      }
    }
  } else {
    for (JDIMENSION x = 0; x < width; x++, row += 3, pixel += step) {
      memcpy(pixel, row, 3);
    }
  }
}

image_status image_jpeg_decode(image_jpeg *reader, image_placement placement, image_failure *failure) {
  struct jpeg_decompress_struct *decompress = &reader->decompress;
  reader->failure = failure;
  if (setjmp(reader->recovery) != 0) return failure->status;
  jpeg_start_decompress(decompress);
  bool is_direct = decompress->out_color_space == JCS_RGB && placement.column_step == 3;
  JSAMPARRAY row_buffer = NULL;
  if (!is_direct) {
    row_buffer = decompress->mem->alloc_sarray(
        (j_common_ptr)decompress, JPOOL_IMAGE, decompress->output_width * (JDIMENSION)decompress->out_color_components, 1);
  }
  while (decompress->output_scanline < decompress->output_height) {
    uint8_t *pixel = placement.origin + (ptrdiff_t)decompress->output_scanline * placement.row_step;
    JSAMPROW row = is_direct ? pixel : row_buffer[0];
    if (jpeg_read_scanlines(decompress, &row, 1) != 1) {
      fail_with(reader, image_corrupted, "no pixels");
    }
    if (!is_direct) place_row(reader, row, pixel, placement.column_step);
  }
  // A single scan that decoded without running out of bits is complete even when only the end marker is missing.
  // With several scans nobody knows how many should have come.
  bool has_single_scan = !decompress->progressive_mode && decompress->comps_in_scan == decompress->num_components;
  if (reader->ran_out && !has_single_scan) {
    fail_with(reader, image_truncated, "the end marker is missing");
  }
  return image_ok;
}

size_t image_jpeg_warning_count(const image_jpeg *reader) { return reader->warning_count; }

void image_jpeg_close(image_jpeg *reader) {
  if (reader == NULL) return;
  jpeg_destroy_decompress(&reader->decompress);
  free(reader);
}
