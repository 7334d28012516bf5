// The int8 convolution of a template, CONVOLVE. The including file has included matmul_s8.h, and then defines the two functions
// declared below.
//
// The rows of the image that some rows of the output need are copied with their padding, each value once. In the copy all taps of
// a row of a window lie side by side, as one, and windows need no test for edges. Where these runs are short or channels no
// multiple of four, as in a first layer, windows are copied on, side by side (patches).

// The product of a block whose rows are patches, side by side.
static void multiplyPatches(const TinyNNMatMulS8 *m);
// The product of a block whose rows are windows in `imageRows` prepared rows of the image: the last form of `offsets`.
static void multiplyWindows(const TinyNNConvolveS8 *c, const TinyNNMatMulS8 *m, int32_t imageRows);

// Of prepared rows and patches, on the stack.
#define IMAGE_BYTES (GATHERED_BYTES - 4 * MAXIMUM_PIXELS)
#define MAXIMUM_PIXELS 512
// What copies in vectors of 16 read and write too much at the end.
#define OVERRUN 16
// Runs of fewer channels are copied on as patches.
#define PATCH_RUN 24
// Fewer pixels at once would read weights beyond a cache again and again.
#define CONVOLVED_PIXELS 48

typedef struct {
  const TinyNNConvolveS8 *c;
  // Of a prepared row: from -padLeft, as far as windows reach.
  int32_t rowBytes;
  // Bytes of a row of a window, and of a patch; no patch is 0.
  int32_t run, patchBytes;
  // Rows of the output in a block.
  int32_t blockRows;
} Windows;

// Without rows where blocks would be too small.
INLINE Windows windows(const TinyNNConvolveS8 *c) {
  Windows w = {.c = c, .run = c->kernelWidth * c->product.channels};
  int64_t rowBytes = (int64_t)((c->outputWidth - 1) * c->strideX + c->kernelWidth) * c->product.channels;
  if (c->product.channels % 4 != 0 || w.run < PATCH_RUN) w.patchBytes = (c->kernelHeight * w.run + 3) & ~3;
  int64_t room = IMAGE_BYTES - (c->kernelHeight - c->strideY) * rowBytes;
  int64_t rows = room / (c->strideY * rowBytes + (int64_t)c->outputWidth * w.patchBytes);
  if (rows > MAXIMUM_PIXELS / c->outputWidth) rows = MAXIMUM_PIXELS / c->outputWidth;
  int32_t wanted = c->product.rows < CONVOLVED_PIXELS ? c->product.rows : CONVOLVED_PIXELS;
  if (room > 0 && rows * c->outputWidth >= wanted) w.blockRows = (int32_t)rows, w.rowBytes = (int32_t)rowBytes;
  return w;
}

// Writes at most OVERRUN bytes too many.
INLINE void fill(int8_t *output, int32_t count, SixteenBytes value) {
  for (int32_t i = 0; i < count; i += 16) *(SixteenBytes *)(output + i) = value;
}

// One row of the image as windows read it, the zero point where it lies outside. What it writes too much is the next row's.
INLINE void prepareRow(const Windows *w, int32_t y, int8_t *output) {
  const TinyNNConvolveS8 *c = w->c;
  SixteenBytes zeroPoint = (SixteenBytes)(uint8_t)(c->inputZeroPoint ^ FLIPPED_ROWS);
  if (y < 0 || y >= c->inputHeight) return fill(output, w->rowBytes, zeroPoint);
  int32_t channels = c->product.channels, before = c->padLeft * channels;
  // With a stride and a padding larger than the window, no window may reach the image.
  if (before > w->rowBytes) before = w->rowBytes;
  int32_t count = c->inputWidth * channels < w->rowBytes - before ? c->inputWidth * channels : w->rowBytes - before;
  const int8_t *source = c->product.input + (int64_t)y * c->inputWidth * channels;
  fill(output, before, zeroPoint);
  output += before;
#if FLIPPED_ROWS
  int32_t i = 0;
  for (; i + 16 <= count; i += 16) *(SixteenBytes *)(output + i) = *(const SixteenBytes *)(source + i) ^ FLIPPED_ROWS;
  for (; i < count; i++) output[i] = source[i] ^ (int8_t)FLIPPED_ROWS;
#else
  __builtin_memcpy(output, source, (size_t)count);
#endif
  fill(output + count, w->rowBytes - before - count, zeroPoint);
}

// Where the windows of `count` output pixels from column `x` start in the prepared rows.
INLINE void findStarts(const Windows *w, int32_t x, int32_t count, int32_t *starts) {
  int32_t step = w->c->strideX * w->c->product.channels, nextRow = w->c->strideY * w->rowBytes;
  for (int32_t row = 0; count > 0; row += nextRow, x = 0) {
    int32_t pixels = w->c->outputWidth - x < count ? w->c->outputWidth - x : count, start = row + x * step;
    for (int32_t i = 0; i < pixels; i++, start += step) *starts++ = start;
    count -= pixels;
  }
}

// Copies at most OVERRUN bytes too many, which the next run or patch overwrites.
INLINE void copyPatches(const Windows *w, const int8_t *image, const int32_t *starts, int32_t count, int8_t *patches) {
  int32_t height = w->c->kernelHeight, run = w->run, end = height * run;
  for (int32_t p = 0; p < count; p++, patches += w->patchBytes) {
    const int8_t *from = image + starts[p];
    int8_t *to = patches;
    if (run <= 16 && height == 3) {
  UNROLL for (int y = 0; y < 3; y++, from += w->rowBytes, to += run) *(SixteenBytes *)to = *(const SixteenBytes *)from;
    } else {
      for (int32_t y = 0; y < height; y++, from += w->rowBytes, to += run)
        for (int32_t i = 0; i < run; i += 16) *(SixteenBytes *)(to + i) = *(const SixteenBytes *)(from + i);
    }
    // No loop: the compiler would call memset.
    UNROLL for (int32_t i = 0; i < 3; i++) {
      if (end + i < w->patchBytes) patches[end + i] = 0;
    }
  }
}

int CONVOLVE(const TinyNNConvolveS8 *c) {
  Windows w = windows(c);
  if (w.blockRows == 0 || (FLIPPED_ROWS && c->product.channels >= GATHERED_CHANNELS)) return 0;
  _Alignas(64) int8_t image[IMAGE_BYTES + 2 * OVERRUN];
  int32_t starts[MAXIMUM_PIXELS];
  TinyNNMatMulS8 block = c->product;
  int32_t pixel = c->firstPixel, end = pixel + c->product.rows;
  while (pixel < end) {
    int32_t y = pixel / c->outputWidth, x = pixel % c->outputWidth, last = y + w.blockRows - 1;
    block.rows = (last + 1) * c->outputWidth < end ? (last + 1) * c->outputWidth - pixel : end - pixel;
    last = (pixel + block.rows - 1) / c->outputWidth;
    int32_t imageRows = (last - y) * c->strideY + c->kernelHeight;
    for (int32_t r = 0; r < imageRows; r++) prepareRow(&w, y * c->strideY - c->padTop + r, image + (int64_t)r * w.rowBytes);
    findStarts(&w, x, block.rows, starts);
    block.input = image;
    if (w.patchBytes) {
      int8_t *patches = image + (int64_t)imageRows * w.rowBytes + OVERRUN;
      copyPatches(&w, image, starts, block.rows, patches);
      block.input = patches, block.taps = 1, block.channels = w.patchBytes;
      multiplyPatches(&block);
    } else {
      block.offsets = starts, block.taps = c->kernelHeight, block.channels = w.run, block.tapStride = w.rowBytes;
      multiplyWindows(c, &block, imageRows);
    }
    block.output += (int64_t)block.rows * block.outputStride;
    pixel += block.rows;
  }
  return 1;
}
