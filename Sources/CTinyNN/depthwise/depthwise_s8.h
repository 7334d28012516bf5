// Template of the int8 depthwise convolution kernels. The including file defines
//   DEPTHWISE     the function's name
//   LANES         int32 of a vector, 4, 8 or 16
//   UNIT          channels that are computed together
//   PIXELS        neighbouring output pixels that are computed together, at most 4
// sets the instruction set, includes vector_s8.h and defines the arithmetic of a unit:
//   Sum                          its int32 sums
//   loadSum(bias), subtract(a, b), finish(sum, result[UNIT / LANES])
//   Part, Column, partCount(taps)  the values under one column of a window, partCount vectors in MAXIMUM_PARTS
//   loadColumn(rows, taps), loadWeights(rows, taps)
//   addColumn(sum, values, weights, taps)
//
// The columns of the image under a run of output pixels are prepared first, each once for all windows that it is part of; what
// lies outside the image reads the input's zero point, which leaves it out of the sum once the zero point times the sum of all
// weights is taken from the bias. Units of channels are the outer loop inside a group of rows, so that their weights are
// prepared once for all its pixels. When the channels are no multiple of a unit, the last one overlaps the one before it and
// writes the same values again.

#define MAXIMUM_TAPS 7
#define RUN_COLUMNS 72
#define GROUP_ROWS 8

typedef struct {
  const TinyNNDepthwiseS8 *d;
  int32_t channel;
  Column weights[MAXIMUM_TAPS], outside;
  Sum bias;
  Vector multipliers[UNIT / LANES];
  int8_t zeroPoints[UNIT];
} Block;

INLINE int32_t paddedChannels(const TinyNNDepthwiseS8 *d) { return (d->channels + 15) / 16 * 16; }

INLINE void prepareBlock(Block *block, const TinyNNDepthwiseS8 *d, int32_t channel, int taps) {
  block->d = d;
  block->channel = channel;
  __builtin_memset(block->zeroPoints, d->inputZeroPoint, sizeof block->zeroPoints);
  const int8_t *rows[MAXIMUM_TAPS];
  UNROLL for (int y = 0; y < taps; y++) rows[y] = block->zeroPoints;
  block->outside = loadColumn(rows, taps);
  Sum ofZeroPoints = {0};
  UNROLL for (int x = 0; x < taps; x++) {
    UNROLL for (int y = 0; y < taps; y++) rows[y] = d->weights + (y * taps + x) * (int64_t)paddedChannels(d) + channel;
    block->weights[x] = loadWeights(rows, taps);
    ofZeroPoints = addColumn(ofZeroPoints, block->outside, block->weights[x], taps);
  }
  block->bias = subtract(loadSum(d->bias + channel), ofZeroPoints);
  UNROLL for (int v = 0; v < UNIT / LANES; v++) block->multipliers[v] = load(d->multipliers + channel + v * LANES);
}

INLINE void storeColumn(Part *target, Column column, int taps) {
  UNROLL for (int i = 0; i < partCount(taps); i++) target[i] = column.parts[i];
}

// The columns from `firstX`, of the windows whose first row is `firstY`.
INLINE void prepareColumns(const Block *block, Part *target, int32_t firstY, int32_t firstX, int32_t count, int taps) {
  const TinyNNDepthwiseS8 *d = block->d;
  int64_t channels = d->channels;
  const int8_t *rows[MAXIMUM_TAPS];
  int64_t steps[MAXIMUM_TAPS];
  int32_t column = 0, endInside = d->inputWidth - firstX < count ? d->inputWidth - firstX : count;
  for (; column < -firstX && column < count; column++, target += partCount(taps)) storeColumn(target, block->outside, taps);
  UNROLL for (int y = 0; y < taps; y++) {
    int inside = firstY + y >= 0 && firstY + y < d->inputHeight;
    int64_t offset = ((int64_t)(firstY + y) * d->inputWidth + firstX + column) * channels + block->channel;
    rows[y] = inside ? d->input + offset : block->zeroPoints;
    steps[y] = inside ? channels : 0;
  }
  for (; column < endInside; column++, target += partCount(taps)) {
    storeColumn(target, loadColumn(rows, taps), taps);
    UNROLL for (int y = 0; y < taps; y++) rows[y] += steps[y];
  }
  for (; column < count; column++, target += partCount(taps)) storeColumn(target, block->outside, taps);
}

INLINE void blockPixels(const Block *block, const Part *columns, int8_t *output, Bounds b, int pixels, int taps, int stride) {
  Sum sums[PIXELS];
  UNROLL for (int p = 0; p < pixels; p++) sums[p] = block->bias;
  UNROLL for (int column = 0; column < (pixels - 1) * stride + taps; column++) {
    Column values;
    UNROLL for (int i = 0; i < partCount(taps); i++) values.parts[i] = columns[column * partCount(taps) + i];
    UNROLL for (int p = 0; p < pixels; p++) {
      int x = column - p * stride;
      if (x >= 0 && x < taps) sums[p] = addColumn(sums[p], values, block->weights[x], taps);
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

INLINE void blockRow(const Block *block, Bounds b, int32_t y, int taps, int stride) {
  const TinyNNDepthwiseS8 *d = block->d;
  Part columns[RUN_COLUMNS * MAXIMUM_PARTS];
  int64_t channels = d->channels;
  int8_t *output = d->output + (int64_t)y * d->outputWidth * channels + block->channel;
  int32_t run = (RUN_COLUMNS - taps) / stride + 1;
  for (int32_t x = 0; x < d->outputWidth; x += run) {
    int32_t count = d->outputWidth - x < run ? d->outputWidth - x : run;
    prepareColumns(block, columns, y * stride - d->padTop, x * stride - d->padLeft, (count - 1) * stride + taps, taps);
    const Part *source = columns;
    for (; count >= PIXELS; count -= PIXELS, source += PIXELS * stride * partCount(taps), output += PIXELS * channels)
      blockPixels(block, source, output, b, PIXELS, taps, stride);
    if (count & 2) {
      blockPixels(block, source, output, b, 2, taps, stride);
      source += 2 * stride * partCount(taps), output += 2 * channels;
    }
    if (count & 1) {
      blockPixels(block, source, output, b, 1, taps, stride);
      output += channels;
    }
  }
}

INLINE void allBlocks(const TinyNNDepthwiseS8 *d, int taps, int stride) {
  Bounds b = bounds(d->outputZeroPoint, d->minimum, d->maximum);
  for (int32_t row = d->firstRow; row < d->endRow; row += GROUP_ROWS) {
    int32_t end = d->endRow - row < GROUP_ROWS ? d->endRow : row + GROUP_ROWS;
    for (int32_t channel = 0; channel < d->channels; channel += UNIT) {
      Block block;
      prepareBlock(&block, d, channel + UNIT <= d->channels ? channel : d->channels - UNIT, taps);
      for (int32_t y = row; y < end; y++) blockRow(&block, b, y, taps, stride);
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
