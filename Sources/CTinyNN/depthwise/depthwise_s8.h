// Template of the int8 depthwise convolution kernels. The including file defines
//   DEPTHWISE     the function's name
//   LANES         int32 of a vector, 4, 8 or 16
//   UNIT          channels that are computed together
//   PIXELS        neighbouring output pixels that are computed together, at most 4
// sets the instruction set, includes vector_s8.h and defines the arithmetic of a unit:
//   Sum                          its int32 sums
//   loadSum(bias), subtract(a, b), finish(sum, result[UNIT / LANES])
//   Part, Column, partCount(rows)  the values of some rows in one column, partCount vectors in MAXIMUM_PARTS
//   loadColumn(rows, count), loadWeights(rows, count)
//   addColumn(sum, values, weights, count)
//   roomyRows(taps)              how many rows the parts of so many have room for
//
// The columns of the image under a run of output pixels are prepared first, each once for all windows that it is part of; what
// lies outside the image reads the input's zero point, which leaves it out of the sum once the zero point times the sum of all
// weights is taken from the bias. Where the parts of a column have room for more rows than a window has, columns are prepared for
// several rows of the output, whose weights stand lower by the stride, each among zeros. Units of channels are the outer loop
// inside a group of rows, so that their weights are prepared once for all its pixels. When the channels are no multiple of a unit,
// the last one overlaps the one before it and writes the same values again.

#define MAXIMUM_TAPS 7
#define MAXIMUM_ROWS 8
#define MAXIMUM_SHARED 4
#define RUN_COLUMNS 72
#define GROUP_ROWS 8

typedef struct {
  const TinyNNDepthwiseS8 *d;
  int32_t channel;
  Column weights[MAXIMUM_SHARED][MAXIMUM_TAPS], outside;
  Sum bias;
  Vector multipliers[UNIT / LANES];
  int8_t zeroPoints[UNIT];
} Block;

INLINE int32_t paddedChannels(const TinyNNDepthwiseS8 *d) { return (d->channels + 15) / 16 * 16; }

// Rows of the output that share prepared columns, and the rows of the image in those.
INLINE int sharedRows(int taps, int stride) {
  return (roomyRows(taps) - taps) / stride + 1;
}
INLINE int columnRows(int taps, int stride) { return taps + (sharedRows(taps, stride) - 1) * stride; }

INLINE void prepareBlock(Block *block, const TinyNNDepthwiseS8 *d, int32_t channel, int taps, int stride) {
  static const int8_t zeros[UNIT];
  int count = columnRows(taps, stride);
  block->d = d;
  block->channel = channel;
  __builtin_memset(block->zeroPoints, d->inputZeroPoint, sizeof block->zeroPoints);
  const int8_t *rows[MAXIMUM_ROWS];
  UNROLL for (int y = 0; y < count; y++) rows[y] = block->zeroPoints;
  block->outside = loadColumn(rows, count);
  Sum ofZeroPoints = {0};
  UNROLL for (int x = 0; x < taps; x++) {
    UNROLL for (int shared = 0; shared < sharedRows(taps, stride); shared++) {
      UNROLL for (int y = 0; y < count; y++) {
        int tap = y - shared * stride;
        int isInside = tap >= 0 && tap < taps;
        rows[y] = isInside ? d->weights + (tap * taps + x) * (int64_t)paddedChannels(d) + channel : zeros;
      }
      block->weights[shared][x] = loadWeights(rows, count);
    }
    ofZeroPoints = addColumn(ofZeroPoints, block->outside, block->weights[0][x], count);
  }
  block->bias = subtract(loadSum(d->bias + channel), ofZeroPoints);
  UNROLL for (int v = 0; v < UNIT / LANES; v++) block->multipliers[v] = load(d->multipliers + channel + v * LANES);
}

INLINE void storeColumn(Part *target, Column column, int rows) {
  UNROLL for (int i = 0; i < partCount(rows); i++) target[i] = column.parts[i];
}

// The columns from `firstX`, each of `height` rows from `firstY`.
INLINE void prepareColumns(const Block *block, Part *target, int32_t firstY, int32_t firstX, int32_t count, int height) {
  const TinyNNDepthwiseS8 *d = block->d;
  int64_t channels = d->channels;
  const int8_t *rows[MAXIMUM_ROWS];
  int64_t steps[MAXIMUM_ROWS];
  int32_t column = 0, endInside = d->inputWidth - firstX < count ? d->inputWidth - firstX : count;
  for (; column < -firstX && column < count; column++, target += partCount(height)) storeColumn(target, block->outside, height);
  UNROLL for (int y = 0; y < height; y++) {
    int inside = firstY + y >= 0 && firstY + y < d->inputHeight;
    int64_t offset = ((int64_t)(firstY + y) * d->inputWidth + firstX + column) * channels + block->channel;
    rows[y] = inside ? d->input + offset : block->zeroPoints;
    steps[y] = inside ? channels : 0;
  }
  for (; column < endInside; column++, target += partCount(height)) {
    storeColumn(target, loadColumn(rows, height), height);
    UNROLL for (int y = 0; y < height; y++) rows[y] += steps[y];
  }
  for (; column < count; column++, target += partCount(height)) storeColumn(target, block->outside, height);
}

INLINE void blockPixels(const Block *block, const Column *weights, const Part *columns, int8_t *output, Bounds b, int pixels,
                        int taps, int stride) {
  int rows = columnRows(taps, stride);
  Sum sums[PIXELS];
  UNROLL for (int p = 0; p < pixels; p++) sums[p] = block->bias;
  UNROLL for (int column = 0; column < (pixels - 1) * stride + taps; column++) {
    Column values;
    UNROLL for (int i = 0; i < partCount(rows); i++) values.parts[i] = columns[column * partCount(rows) + i];
    UNROLL for (int p = 0; p < pixels; p++) {
      int x = column - p * stride;
      if (x >= 0 && x < taps) sums[p] = addColumn(sums[p], values, weights[x], rows);
    }
  }
  Vector values[PIXELS * UNIT / LANES];
  UNROLL for (int p = 0; p < pixels; p++) {
    IntVector integers[UNIT / LANES];
    finish(sums[p], integers);
    UNROLL for (int v = 0; v < UNIT / LANES; v++) values[p * (UNIT / LANES) + v] = toFloat(integers[v]) * block->multipliers[v];
  }
  storeQuantizedRows(output, block->d->channels, values, pixels, UNIT / LANES, b);
}

// Neighbouring output pixels from prepared columns.
INLINE void blockRun(const Block *block, const Column *weights, const Part *columns, int8_t *output, Bounds b, int32_t count,
                     int taps, int stride) {
  int64_t channels = block->d->channels;
  int step = stride * partCount(columnRows(taps, stride));
  for (; count >= PIXELS; count -= PIXELS, columns += PIXELS * step, output += PIXELS * channels)
    blockPixels(block, weights, columns, output, b, PIXELS, taps, stride);
  if (count & 2) {
    blockPixels(block, weights, columns, output, b, 2, taps, stride);
    columns += 2 * step, output += 2 * channels;
  }
  if (count & 1) blockPixels(block, weights, columns, output, b, 1, taps, stride);
}

// The rows of the output from `y` that share columns, at most `rows`.
INLINE void blockRows(const Block *block, Bounds b, int32_t y, int32_t rows, int taps, int stride) {
  const TinyNNDepthwiseS8 *d = block->d;
  Part columns[RUN_COLUMNS * MAXIMUM_PARTS];
  int64_t channels = d->channels;
  int8_t *output = d->output + (int64_t)y * d->outputWidth * channels + block->channel;
  int32_t run = (RUN_COLUMNS - taps) / stride + 1;
  for (int32_t x = 0; x < d->outputWidth; x += run, output += run * channels) {
    int32_t count = d->outputWidth - x < run ? d->outputWidth - x : run;
    prepareColumns(block, columns, y * stride - d->padTop, x * stride - d->padLeft, (count - 1) * stride + taps,
                   columnRows(taps, stride));
    for (int shared = 0; shared < sharedRows(taps, stride) && shared < rows; shared++)
      blockRun(block, block->weights[shared], columns, output + (int64_t)shared * d->outputWidth * channels, b, count, taps,
               stride);
  }
}

INLINE void allBlocks(const TinyNNDepthwiseS8 *d, int taps, int stride) {
  Bounds b = bounds(d->outputZeroPoint, d->minimum, d->maximum);
  for (int32_t row = d->firstRow; row < d->endRow; row += GROUP_ROWS) {
    int32_t end = d->endRow - row < GROUP_ROWS ? d->endRow : row + GROUP_ROWS;
    for (int32_t channel = 0; channel < d->channels; channel += UNIT) {
      Block block;
      prepareBlock(&block, d, channel + UNIT <= d->channels ? channel : d->channels - UNIT, taps, stride);
      for (int32_t y = row; y < end; y += sharedRows(taps, stride)) blockRows(&block, b, y, end - y, taps, stride);
    }
  }
}

static __attribute__((noinline)) void anyPixel(const TinyNNDepthwiseS8 *d, int32_t outputY, int32_t outputX) {
  Bounds b = bounds(d->outputZeroPoint, d->minimum, d->maximum);
  int32_t channels = d->channels;
  int8_t *output = d->output + ((int64_t)outputY * d->outputWidth + outputX) * channels;
  for (int32_t channel = 0; channel < channels; channel += 16) {
    int32_t sums[16], count = channels - channel < 16 ? channels - channel : 16;
    for (int32_t c = 0; c < count; c++) sums[c] = d->bias[channel + c];
    for (int32_t tapY = 0; tapY < d->kernelHeight; tapY++) {
      int32_t y = outputY * d->strideY - d->padTop + tapY * d->dilationY;
      if (y < 0 || y >= d->inputHeight) continue;
      for (int32_t tapX = 0; tapX < d->kernelWidth; tapX++) {
        int32_t x = outputX * d->strideX - d->padLeft + tapX * d->dilationX;
        if (x < 0 || x >= d->inputWidth) continue;
        const int8_t *input = d->input + ((int64_t)y * d->inputWidth + x) * channels + channel;
        const int8_t *weights = d->weights + (int64_t)(tapY * d->kernelWidth + tapX) * paddedChannels(d) + channel;
        if (count == 16)
          for (int32_t c = 0; c < 16; c++) sums[c] += (input[c] - d->inputZeroPoint) * weights[c];
        else
          for (int32_t c = 0; c < count; c++) sums[c] += (input[c] - d->inputZeroPoint) * weights[c];
      }
    }
    for (int32_t c = 0; c < count; c++)
      output[channel + c] = quantized((float)sums[c] * d->multipliers[channel + c], b);
  }
}

void DEPTHWISE(const TinyNNDepthwiseS8 *d) {
  int square = d->kernelHeight == d->kernelWidth && d->strideY == d->strideX && d->dilationX == 1 && d->dilationY == 1;
  if (square && d->channels >= UNIT && d->strideX <= 2) {
    switch (d->kernelWidth * 2 + d->strideX) {
    case 7: return allBlocks(d, 3, 1);
    case 8: return allBlocks(d, 3, 2);
    case 11: return allBlocks(d, 5, 1);
    case 12: return allBlocks(d, 5, 2);
    case 15: return allBlocks(d, 7, 1);
    case 16: return allBlocks(d, 7, 2);
    }
  }
  for (int32_t y = d->firstRow; y < d->endRow; y++)
    for (int32_t x = 0; x < d->outputWidth; x++) anyPixel(d, y, x);
}
