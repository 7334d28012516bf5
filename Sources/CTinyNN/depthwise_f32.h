// Template of the depthwise convolution kernels. The including file defines
//   LANES      floats of a vector
//   DEPTHWISE  the function's name
// and sets the instruction set.
//
// Channels run across the lanes. Inside a row, PIXELS neighbouring outputs share the input columns they overlap in and
// the weights; outputs whose taps reach over the left or right edge are computed one by one. When the channels are no
// multiple of LANES, the last vector overlaps the one before it and writes the same values again.

#include "CTinyNN.h"
#include "vector.h"

#define PIXELS 4
#define MAXIMUM_TAPS 5
#define MAXIMUM_COLUMNS ((PIXELS - 1) * 2 + MAXIMUM_TAPS)

INLINE int32_t paddedChannels(const TinyNNDepthwiseF32 *d) { return (d->channels + 15) / 16 * 16; }

// The taps of one output that lie inside the image, and the input element of the first one.
typedef struct {
  int32_t firstY, endY, firstX, endX;
  const float *origin;
} Window;

INLINE void insideTaps(int32_t start, int32_t dilation, int32_t taps, int32_t size, int32_t *first, int32_t *end) {
  int32_t f = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int32_t e = start >= size ? 0 : (size - 1 - start) / dilation + 1;
  *first = f < taps ? f : taps;
  *end = e < taps ? e : taps;
  if (*end < *first) *end = *first;
}

INLINE Window window(const TinyNNDepthwiseF32 *d, int32_t y, int32_t x) {
  Window w;
  int32_t startY = y * d->strideY - d->padTop, startX = x * d->strideX - d->padLeft;
  insideTaps(startY, d->dilationY, d->kernelHeight, d->inputHeight, &w.firstY, &w.endY);
  insideTaps(startX, d->dilationX, d->kernelWidth, d->inputWidth, &w.firstX, &w.endX);
  w.origin = d->input;
  if (w.firstY < w.endY && w.firstX < w.endX)
    w.origin += ((int64_t)(startY + w.firstY * d->dilationY) * d->inputWidth + startX + w.firstX * d->dilationX) *
                d->channels;
  return w;
}

INLINE void scalarPixel(const TinyNNDepthwiseF32 *d, Window w, float *output) {
  int64_t stepX = (int64_t)d->dilationX * d->channels;
  int64_t stepY = (int64_t)d->dilationY * d->inputWidth * d->channels;
  for (int32_t c = 0; c < d->channels; c++) {
    float sum = d->bias[c];
    for (int32_t y = w.firstY; y < w.endY; y++)
      for (int32_t x = w.firstX; x < w.endX; x++)
        sum = __builtin_fmaf(w.origin[(y - w.firstY) * stepY + (x - w.firstX) * stepX + c],
                             d->weights[(y * d->kernelWidth + x) * paddedChannels(d) + c], sum);
    float upper = sum > d->maximum ? d->maximum : sum;
    output[c] = sum < d->minimum ? d->minimum : upper;
  }
}

INLINE void pixelVectors(const TinyNNDepthwiseF32 *d, Window w, float *output, int32_t channel, int vectors) {
  int64_t stepX = (int64_t)d->dilationX * d->channels;
  int64_t stepY = (int64_t)d->dilationY * d->inputWidth * d->channels;
  int32_t padded = paddedChannels(d);
  Vector sums[4];
  UNROLL for (int v = 0; v < vectors; v++) sums[v] = load(d->bias + channel + v * LANES);
  for (int32_t y = w.firstY; y < w.endY; y++) {
    const float *input = w.origin + (y - w.firstY) * stepY + channel;
    const float *weights = d->weights + (int64_t)(y * d->kernelWidth + w.firstX) * padded + channel;
    for (int32_t x = w.firstX; x < w.endX; x++) {
      UNROLL for (int v = 0; v < vectors; v++)
        sums[v] = multiplyAdd(load(input + v * LANES), load(weights + v * LANES), sums[v]);
      input += stepX;
      weights += padded;
    }
  }
  Vector minimum = splat(d->minimum), maximum = splat(d->maximum);
  UNROLL for (int v = 0; v < vectors; v++) store(output + channel + v * LANES, clamp(sums[v], minimum, maximum));
}

INLINE void pixel(const TinyNNDepthwiseF32 *d, int32_t y, int32_t x, float *output) {
  Window w = window(d, y, x);
  int32_t channel = 0, channels = d->channels;
  if (channels < LANES) return scalarPixel(d, w, output);
  for (; channel + 4 * LANES <= channels; channel += 4 * LANES) pixelVectors(d, w, output, channel, 4);
  for (; channel + LANES <= channels; channel += LANES) pixelVectors(d, w, output, channel, 1);
  if (channel < channels) pixelVectors(d, w, output, channels - LANES, 1);
}

INLINE void pixelsVector(const TinyNNDepthwiseF32 *d, Window w, float *output, int32_t channel, int pixels, int taps,
                         int stride) {
  int32_t channels = d->channels, padded = paddedChannels(d);
  int64_t stepY = (int64_t)d->dilationY * d->inputWidth * channels;
  const float *input = w.origin + channel;
  const float *weights = d->weights + (int64_t)w.firstY * taps * padded + channel;
  Vector sums[PIXELS];
  UNROLL for (int p = 0; p < pixels; p++) sums[p] = load(d->bias + channel);
  for (int32_t y = w.firstY; y < w.endY; y++) {
    Vector columns[MAXIMUM_COLUMNS];
    UNROLL for (int c = 0; c < (pixels - 1) * stride + taps; c++) columns[c] = load(input + (int64_t)c * channels);
    UNROLL for (int x = 0; x < taps; x++) {
      Vector weight = load(weights + (int64_t)x * padded);
      UNROLL for (int p = 0; p < pixels; p++) sums[p] = multiplyAdd(columns[p * stride + x], weight, sums[p]);
    }
    input += stepY;
    weights += (int64_t)taps * padded;
  }
  Vector minimum = splat(d->minimum), maximum = splat(d->maximum);
  UNROLL for (int p = 0; p < pixels; p++)
    store(output + (int64_t)p * channels + channel, clamp(sums[p], minimum, maximum));
}

INLINE void pixels(const TinyNNDepthwiseF32 *d, int32_t y, int32_t x, float *output, int count, int taps, int stride) {
  Window w = window(d, y, x);
  int32_t channel = 0, channels = d->channels;
  for (; channel + LANES <= channels; channel += LANES) pixelsVector(d, w, output, channel, count, taps, stride);
  if (channel < channels) pixelsVector(d, w, output, channels - LANES, count, taps, stride);
}

INLINE void row(const TinyNNDepthwiseF32 *d, int32_t y, float *output, int taps, int stride) {
  int32_t channels = d->channels, x = 0;
  int32_t reach = d->inputWidth + d->padLeft - taps;
  int32_t firstInside = (d->padLeft + stride - 1) / stride;
  int32_t endInside = reach < 0 ? 0 : reach / stride + 1;
  if (firstInside > d->outputWidth) firstInside = d->outputWidth;
  if (endInside > d->outputWidth) endInside = d->outputWidth;
  for (; x < firstInside; x++) pixel(d, y, x, output + (int64_t)x * channels);
  for (; x + PIXELS <= endInside; x += PIXELS) pixels(d, y, x, output + (int64_t)x * channels, PIXELS, taps, stride);
  for (; x < endInside; x++) pixels(d, y, x, output + (int64_t)x * channels, 1, taps, stride);
  for (; x < d->outputWidth; x++) pixel(d, y, x, output + (int64_t)x * channels);
}

INLINE void anyRow(const TinyNNDepthwiseF32 *d, int32_t y, float *output) {
  for (int32_t x = 0; x < d->outputWidth; x++) pixel(d, y, x, output + (int64_t)x * d->channels);
}

void DEPTHWISE(const TinyNNDepthwiseF32 *d, void *context) {
  (void)context;
  int unitDilation = d->dilationX == 1 && d->channels >= LANES;
  for (int32_t y = d->firstRow; y < d->endRow; y++) {
    float *output = d->output + (int64_t)y * d->outputWidth * d->channels;
    if (unitDilation && d->kernelWidth == 3 && d->strideX == 1) row(d, y, output, 3, 1);
    else if (unitDilation && d->kernelWidth == 3 && d->strideX == 2) row(d, y, output, 3, 2);
    else if (unitDilation && d->kernelWidth == 5 && d->strideX == 1) row(d, y, output, 5, 1);
    else if (unitDilation && d->kernelWidth == 5 && d->strideX == 2) row(d, y, output, 5, 2);
    else anyRow(d, y, output);
  }
}
