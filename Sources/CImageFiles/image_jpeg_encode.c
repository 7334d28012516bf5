#include "CImageFiles.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

typedef struct jpeg_writer {
  struct jpeg_error_mgr error_manager;
  jmp_buf recovery;
} jpeg_writer;

static void fail(j_common_ptr common) { longjmp(((jpeg_writer *)common->err)->recovery, 1); }

static void stay_silent(j_common_ptr common) { (void)common; }

uint8_t *image_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, size_t *count) {
  struct jpeg_compress_struct compress;
  jpeg_writer writer;
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  compress.err = jpeg_std_error(&writer.error_manager);
  writer.error_manager.error_exit = fail;
  writer.error_manager.output_message = stay_silent;
  if (setjmp(writer.recovery) != 0) {
    // What was written so far is libjpeg's own, which tells its address at the end only.
    jpeg_destroy_compress(&compress);
    return NULL;
  }
  jpeg_create_compress(&compress);
  jpeg_mem_dest(&compress, &bytes, &size);
  compress.image_width = width;
  compress.image_height = height;
  compress.input_components = 3;
  compress.in_color_space = JCS_RGB;
  jpeg_set_defaults(&compress);
  jpeg_set_quality(&compress, quality, TRUE);
  jpeg_start_compress(&compress, TRUE);
  while (compress.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)3 * width * compress.next_scanline);
    jpeg_write_scanlines(&compress, &row, 1);
  }
  jpeg_finish_compress(&compress);
  jpeg_destroy_compress(&compress);
  *count = size;
  return bytes;
}
