#include "photo.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
} error_manager;

static void leave(j_common_ptr info) {
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  fprintf(stderr, "%s\n", text);
  longjmp(((error_manager *)info->err)->jump, 1);
}

int photo_read(const char *path, int reduction, photo *result) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    return -1;
  }
  struct jpeg_decompress_struct info;
  error_manager errors;
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = leave;
  result->pixels = NULL;
  if (setjmp(errors.jump)) {
    fprintf(stderr, "%s: not a readable JPEG photo\n", path);
    free(result->pixels);
    jpeg_destroy_decompress(&info);
    fclose(file);
    return -1;
  }
  jpeg_create_decompress(&info);
  jpeg_stdio_src(&info, file);
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  info.scale_num = 1;
  info.scale_denom = (unsigned)reduction;
  // The same pixels on every machine: no chroma upsampling or transform that differs between processors.
  info.dct_method = JDCT_ISLOW;
  info.do_fancy_upsampling = FALSE;
  jpeg_start_decompress(&info);
  result->height = (int32_t)info.output_height;
  result->width = (int32_t)info.output_width;
  size_t row = (size_t)info.output_width * 3;
  result->pixels = malloc(row * info.output_height);
  if (!result->pixels) {
    fprintf(stderr, "%s: no memory for %u x %u pixels\n", path, info.output_width, info.output_height);
    jpeg_destroy_decompress(&info);
    fclose(file);
    return -1;
  }
  while (info.output_scanline < info.output_height) {
    JSAMPROW line = result->pixels + row * info.output_scanline;
    jpeg_read_scanlines(&info, &line, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  fclose(file);
  return 0;
}
