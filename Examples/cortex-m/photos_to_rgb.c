// On the PC: photos_to_rgb REDUCTION HEIGHT WIDTH JPEG... > photos.rgb: raw RGB photos one after the other, for flash. All must
// have HEIGHT x WIDTH pixels after the reduction by 1, 2, 4 or 8.
#include <stdio.h>
#include <stdlib.h>

#include "../device-c/photo.h"

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: photos_to_rgb REDUCTION HEIGHT WIDTH JPEG... > photos.rgb\n");
    return 64;
  }
  for (int i = 4; i < argc; i++) {
    photo p;
    if (photo_read(argv[i], atoi(argv[1]), &p)) return 65;
    if (p.height != atoi(argv[2]) || p.width != atoi(argv[3])) {
      fprintf(stderr, "%s: has %d x %d pixels\n", argv[i], (int)p.height, (int)p.width);
      return 65;
    }
    fwrite(p.pixels, 3, (size_t)p.height * (size_t)p.width, stdout);
    free(p.pixels);
  }
  return 0;
}
