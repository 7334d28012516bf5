// 32-bit ARM: dual 16-bit multiplications where the processor has them (Cortex-M with DSP), plain C elsewhere.

#if defined(__arm__)

#include "../vectors/bytes_arm.h"

INLINE int32_t paddedChannels(const TinyNNDepthwiseS8 *d) { return (d->channels + 15) / 16 * 16; }

static void anyPixel(const TinyNNDepthwiseS8 *d, Bounds b, int32_t outputY, int32_t outputX) {
  int32_t channels = d->channels;
  for (int32_t c = 0; c < channels; c++) {
    int32_t sum = d->bias[c];
    for (int32_t tapY = 0; tapY < d->kernelHeight; tapY++) {
      int32_t y = outputY * d->strideY - d->padTop + tapY * d->dilationY;
      if (y < 0 || y >= d->inputHeight) continue;
      for (int32_t tapX = 0; tapX < d->kernelWidth; tapX++) {
        int32_t x = outputX * d->strideX - d->padLeft + tapX * d->dilationX;
        if (x < 0 || x >= d->inputWidth) continue;
        int32_t weight = d->weights[(tapY * d->kernelWidth + tapX) * paddedChannels(d) + c];
        sum += (d->input[(y * d->inputWidth + x) * channels + c] - d->inputZeroPoint) * weight;
      }
    }
    d->output[(outputY * d->outputWidth + outputX) * channels + c] = quantized((float)sum * d->multipliers[c], b);
  }
}

#if defined(__ARM_FEATURE_DSP)

#define MAXIMUM_TAPS 49
#define MAXIMUM_ROWS 7
// Columns of the image under a run of output pixels.
#define RUN_COLUMNS 40

// Four channels, 0 and 2, and 1 and 3.
typedef struct {
  int16x2_t even, odd;
} Values;

typedef struct {
  int32_t c0, c1, c2, c3;
} Sums;

INLINE Values widened(int32_t four) { return (Values){evenBytes(four), oddBytes(four)}; }

INLINE Sums addTap(Sums s, Values x, Values weights) {
  s.c0 = __smlabb(x.even, weights.even, s.c0);
  s.c1 = __smlabb(x.odd, weights.odd, s.c1);
  s.c2 = __smlatt(x.even, weights.even, s.c2);
  s.c3 = __smlatt(x.odd, weights.odd, s.c3);
  return s;
}

// Four channels of the image: weights and values are widened once for all windows that they are part of, column by column. Taps
// outside the image read the zero point, which leaves them out of the sum once the zero point times the sum of all weights is taken
// from the bias.
typedef struct {
  Values weights[MAXIMUM_TAPS], columns[RUN_COLUMNS * MAXIMUM_ROWS];
  Sums bias;
  int32_t zeroPoints;
} Block;

static void prepareBlock(Block *block, const TinyNNDepthwiseS8 *d, int32_t channel) {
  Sums ofZeroPoints = {0, 0, 0, 0};
  __builtin_memset(&block->zeroPoints, d->inputZeroPoint, 4);
  for (int32_t x = 0; x < d->kernelWidth; x++)
    for (int32_t y = 0; y < d->kernelHeight; y++) {
      Values w = widened(fourBytes(d->weights + (y * d->kernelWidth + x) * paddedChannels(d) + channel));
      block->weights[x * d->kernelHeight + y] = w;
      ofZeroPoints = addTap(ofZeroPoints, widened(block->zeroPoints), w);
    }
  const int32_t *bias = d->bias + channel;
  block->bias = (Sums){bias[0] - ofZeroPoints.c0, bias[1] - ofZeroPoints.c1, bias[2] - ofZeroPoints.c2, bias[3] - ofZeroPoints.c3};
}

// The columns from `left` of the rows from `top`.
static void prepareColumns(Block *block, const TinyNNDepthwiseS8 *d, int32_t top, int32_t left, int32_t count, int32_t channel) {
  int32_t height = d->kernelHeight, channels = d->channels;
  for (int32_t y = 0; y < height; y++) {
    int32_t inside = top + y >= 0 && top + y < d->inputHeight, column = 0;
    int32_t end = !inside ? 0 : d->inputWidth - left < count ? d->inputWidth - left : count;
    const int8_t *x = d->input + (((top + y) * d->inputWidth + left) * channels + channel);
    Values *target = block->columns + y, zeroPoints = widened(block->zeroPoints);
    for (; column < count && column < -left; column++, target += height) *target = zeroPoints;
    for (x += column * channels; column < end; column++, target += height, x += channels) *target = widened(fourBytes(x));
    for (; column < count; column++, target += height) *target = zeroPoints;
  }
}

static void blockRow(Block *block, const TinyNNDepthwiseS8 *d, Bounds b, int32_t outputY, int32_t channel) {
  int32_t channels = d->channels, taps = d->kernelHeight * d->kernelWidth, run = (RUN_COLUMNS - d->kernelWidth) / d->strideX + 1;
  const float *multipliers = d->multipliers + channel;
  int8_t *output = d->output + outputY * d->outputWidth * channels + channel;
  for (int32_t outputX = 0; outputX < d->outputWidth; outputX += run) {
    int32_t pixels = d->outputWidth - outputX < run ? d->outputWidth - outputX : run;
    prepareColumns(block, d, outputY * d->strideY - d->padTop, outputX * d->strideX - d->padLeft,
        (pixels - 1) * d->strideX + d->kernelWidth, channel);
    const Values *first = block->columns;
    for (; pixels > 0; pixels--, first += d->strideX * d->kernelHeight, output += channels) {
      Sums s = block->bias;
      const Values *x = first, *w = block->weights, *end = w + taps;
      for (; end - w >= 4; w += 4, x += 4) {
        s = addTap(s, x[0], w[0]);
        s = addTap(s, x[1], w[1]);
        s = addTap(s, x[2], w[2]);
        s = addTap(s, x[3], w[3]);
      }
      _Pragma("clang loop unroll(disable)") for (; w != end; w++, x++) s = addTap(s, *x, *w);
      output[0] = quantized((float)s.c0 * multipliers[0], b);
      output[1] = quantized((float)s.c1 * multipliers[1], b);
      output[2] = quantized((float)s.c2 * multipliers[2], b);
      output[3] = quantized((float)s.c3 * multipliers[3], b);
    }
  }
}

#endif

void tinynn_depthwise_s8_arm(const TinyNNDepthwiseS8 *d) {
  Bounds b = bounds(d->outputZeroPoint, d->minimum, d->maximum);
#if defined(__ARM_FEATURE_DSP)
  if (d->channels >= 4 && d->kernelHeight <= MAXIMUM_ROWS && d->kernelWidth <= MAXIMUM_ROWS && d->dilationY == 1 &&
      d->dilationX == 1) {
    for (int32_t c = 0; c < d->channels; c += 4) {
      // The last block overlaps the one before it and writes the same values again.
      int32_t channel = c + 4 <= d->channels ? c : d->channels - 4;
      Block block;
      prepareBlock(&block, d, channel);
      for (int32_t y = d->firstRow; y < d->endRow; y++) blockRow(&block, d, b, y, channel);
    }
    return;
  }
#endif
  for (int32_t y = d->firstRow; y < d->endRow; y++)
    for (int32_t x = 0; x < d->outputWidth; x++) anyPixel(d, b, y, x);
}

#endif
