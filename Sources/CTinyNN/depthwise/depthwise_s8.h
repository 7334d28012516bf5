// Template of the int8 depthwise convolution kernels. The including file defines
//   DEPTHWISE     the function's name
//   LANES         int32 of a vector, 4 or 8
// sets the instruction set, includes vector_s8.h and defines the arithmetic of eight channels:
//   Sum                          their int32 sums
//   loadSum(bias), subtract(a, b), finish(sum, result[8 / LANES])
//   Column                       the values under one column of a window, MAXIMUM_TAPS of them at most
//   loadColumn(rows, taps), loadWeights(rows, taps)
//   addColumn(sum, values, weights, taps)
//
// Taps outside the image read the input's zero point, which leaves them out of the sum once the zero point times the sum of
// all weights is taken from the bias. Blocks of channels are the outer loop inside a group of rows, so that their weights
// are prepared once for all its pixels. When the channels are no multiple of a block, the last one overlaps the one before
// it and writes the same values again.

#define MAXIMUM_TAPS 5
#define MAXIMUM_UNITS 2
#define PIXELS 4
#define GROUP_ROWS 8

typedef struct {
  const TinyNNDepthwiseS8 *d;
  int32_t channel;
  Column weights[MAXIMUM_UNITS][MAXIMUM_TAPS];
  Sum bias[MAXIMUM_UNITS];
  int8_t zeroPoints[MAXIMUM_UNITS * 8];
} Block;

INLINE int32_t paddedChannels(const TinyNNDepthwiseS8 *d) { return (d->channels + 15) / 16 * 16; }

INLINE void prepareBlock(Block *block, const TinyNNDepthwiseS8 *d, int32_t channel, int units, int taps) {
  block->d = d;
  block->channel = channel;
  __builtin_memset(block->zeroPoints, d->inputZeroPoint, sizeof block->zeroPoints);
  const int8_t *outside[MAXIMUM_TAPS];
  for (int y = 0; y < taps; y++) outside[y] = block->zeroPoints;
  Column zeroPoints = loadColumn(outside, taps);
  for (int u = 0; u < units; u++) {
    Sum ofZeroPoints = {0};
    for (int x = 0; x < taps; x++) {
      const int8_t *rows[MAXIMUM_TAPS];
      for (int y = 0; y < taps; y++) rows[y] = d->weights + (y * taps + x) * (int64_t)paddedChannels(d) + channel + u * 8;
      block->weights[u][x] = loadWeights(rows, taps);
      ofZeroPoints = addColumn(ofZeroPoints, zeroPoints, block->weights[u][x], taps);
    }
    block->bias[u] = subtract(loadSum(d->bias + channel + u * 8), ofZeroPoints);
  }
}

// Neighbouring output pixels of a block's channels; with `edge`, columns may lie outside the image.
INLINE void blockPixels(
    const Block *block, Bounds b, int32_t outputY, int32_t outputX, int pixels, int units, int taps, int stride, int edge) {
  const TinyNNDepthwiseS8 *d = block->d;
  int64_t channels = d->channels;
  int32_t firstY = outputY * d->strideY - d->padTop, firstX = outputX * stride - d->padLeft;
  const int8_t *rows[MAXIMUM_TAPS];
  int64_t steps[MAXIMUM_TAPS];
  UNROLL for (int y = 0; y < taps; y++) {
    int inside = firstY + y >= 0 && firstY + y < d->inputHeight;
    int64_t offset = ((int64_t)(firstY + y) * d->inputWidth + firstX) * channels + block->channel;
    rows[y] = inside ? d->input + offset : block->zeroPoints;
    steps[y] = inside ? channels : 0;
  }
  Sum sums[PIXELS][MAXIMUM_UNITS];
  UNROLL for (int p = 0; p < pixels; p++)
    UNROLL for (int u = 0; u < units; u++) sums[p][u] = block->bias[u];
  UNROLL for (int column = 0; column < (pixels - 1) * stride + taps; column++) {
    int outside = edge && (firstX + column < 0 || firstX + column >= d->inputWidth);
    UNROLL for (int u = 0; u < units; u++) {
      const int8_t *source[MAXIMUM_TAPS];
      UNROLL for (int y = 0; y < taps; y++)
        source[y] = (outside ? block->zeroPoints : rows[y] + column * steps[y]) + u * 8;
      Column values = loadColumn(source, taps);
      UNROLL for (int p = 0; p < pixels; p++) {
        int x = column - p * stride;
        if (x >= 0 && x < taps) sums[p][u] = addColumn(sums[p][u], values, block->weights[u][x], taps);
      }
    }
  }
  int8_t *output = d->output + ((int64_t)outputY * d->outputWidth + outputX) * channels + block->channel;
  Vector values[PIXELS * MAXIMUM_UNITS * 8 / LANES];
  int vectors = units * 8 / LANES;
  UNROLL for (int p = 0; p < pixels; p++)
    UNROLL for (int u = 0; u < units; u++) {
      IntVector integers[8 / LANES];
      finish(sums[p][u], integers);
      UNROLL for (int v = 0; v < 8 / LANES; v++)
        values[p * vectors + u * (8 / LANES) + v] =
            toFloat(integers[v]) * load(d->multipliers + block->channel + u * 8 + v * LANES);
    }
  storeQuantizedRows(output, channels, values, pixels, vectors, b);
}

INLINE void blockRow(const Block *block, Bounds b, int32_t y, int units, int taps, int stride) {
  const TinyNNDepthwiseS8 *d = block->d;
  int32_t x = 0, width = d->outputWidth, reach = d->inputWidth + d->padLeft - taps;
  int32_t firstInside = (d->padLeft + stride - 1) / stride;
  int32_t endInside = reach < 0 ? 0 : reach / stride + 1;
  if (endInside > width) endInside = width;
  // A group with edges costs more than single pixels there when its windows share few columns.
  int sharesEdges = taps == 3 || stride == 1;
  while (x < width) {
    int32_t left = width - x;
    int inside = x >= firstInside && x + PIXELS <= endInside;
    if (inside && (left != 6 || !sharesEdges)) {
      blockPixels(block, b, y, x, PIXELS, units, taps, stride, 0);
      x += PIXELS;
    } else if (sharesEdges && (left == 3 || left == 6)) {
      blockPixels(block, b, y, x, 3, units, taps, stride, 1);
      x += 3;
    } else if (sharesEdges && left >= PIXELS) {
      blockPixels(block, b, y, x, PIXELS, units, taps, stride, 1);
      x += PIXELS;
    } else {
      blockPixels(block, b, y, x, 1, units, taps, stride, 1);
      x++;
    }
  }
}

INLINE void blockRows(const TinyNNDepthwiseS8 *d, int32_t firstRow, int32_t endRow, int32_t channel, int units, int taps,
                      int stride) {
  Block block;
  prepareBlock(&block, d, channel, units, taps);
  Bounds b = bounds(d->outputZeroPoint, d->minimum, d->maximum);
  for (int32_t y = firstRow; y < endRow; y++) blockRow(&block, b, y, units, taps, stride);
}

INLINE void allBlocks(const TinyNNDepthwiseS8 *d, int taps, int stride) {
  for (int32_t row = d->firstRow; row < d->endRow; row += GROUP_ROWS) {
    int32_t end = d->endRow - row < GROUP_ROWS ? d->endRow : row + GROUP_ROWS;
    int32_t channel = 0, channels = d->channels;
    for (; channel + 16 <= channels; channel += 16) blockRows(d, row, end, channel, 2, taps, stride);
    if (channel < channels && channels >= 16 && channels - channel > 8)
      blockRows(d, row, end, channels - 16, 2, taps, stride);
    else
      for (; channel < channels; channel += 8)
        blockRows(d, row, end, channel + 8 <= channels ? channel : channels - 8, 1, taps, stride);
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
  int blocks = square && d->channels >= 8;
  if (blocks && d->kernelWidth == 3 && d->strideX == 1) return allBlocks(d, 3, 1);
  if (blocks && d->kernelWidth == 3 && d->strideX == 2) return allBlocks(d, 3, 2);
  if (blocks && d->kernelWidth == 5 && d->strideX == 1) return allBlocks(d, 5, 1);
  if (blocks && d->kernelWidth == 5 && d->strideX == 2) return allBlocks(d, 5, 2);
  for (int32_t y = d->firstRow; y < d->endRow; y++)
    for (int32_t x = 0; x < d->outputWidth; x++) anyPixel(d, y, x);
}
