// Template of the depthwise convolution kernels. The including file defines
//   LANES      floats of a vector
//   DEPTHWISE  the function's name
// and sets the instruction set.
//
// Channels run across the lanes. Inside a row, PIXELS neighbouring outputs share the input columns they overlap in and
// the weights; columns outside the image are left out. When the channels are no multiple of LANES, the last vector overlaps
// the one before it and writes the same values again.

#include "../kernels.h"
#include "../vectors/vector.h"

#define PIXELS 4
#define MAXIMUM_TAPS 5
#define VECTORS 4

INLINE int32_t paddedChannels(const TinyNNDepthwiseF32 *d) { return (d->channels + 15) / 16 * 16; }

// The taps of a window that lie inside the image in one direction, and the image's element under the first of them.
typedef struct {
  int32_t first, end, start;
} Taps;

INLINE Taps insideTaps(int32_t start, int32_t dilation, int32_t taps, int32_t size) {
  Taps t = {0, taps, start};
  while (t.first < t.end && t.start < 0) t.first++, t.start += dilation;
  while (t.end > t.first && start + (t.end - 1) * dilation >= size) t.end--;
  return t;
}

// Pointers to a window's first inside tap, and what to add for the next one.
typedef struct {
  const float *input, *weights;
  int64_t inputStepY, inputStepX, weightsStepY, weightsStepX;
  int32_t countY, countX;
} Window;

INLINE Window window(const TinyNNDepthwiseF32 *d, Taps y, Taps x) {
  int64_t padded = paddedChannels(d);
  return (Window){
      .input = d->input + ((int64_t)y.start * d->inputWidth + x.start) * d->channels,
      .weights = d->weights + ((int64_t)y.first * d->kernelWidth + x.first) * padded,
      .inputStepY = (int64_t)d->dilationY * d->inputWidth * d->channels,
      .inputStepX = (int64_t)d->dilationX * d->channels,
      .weightsStepY = d->kernelWidth * padded,
      .weightsStepX = padded,
      .countY = y.end - y.first,
      .countX = x.end - x.first,
  };
}

INLINE void scalarPixel(const TinyNNDepthwiseF32 *d, Window w, float *output) {
  for (int32_t c = 0; c < d->channels; c++) {
    float sum = d->bias[c];
    for (int32_t y = 0; y < w.countY; y++)
      for (int32_t x = 0; x < w.countX; x++)
        sum = __builtin_fmaf(
            w.input[y * w.inputStepY + x * w.inputStepX + c], w.weights[y * w.weightsStepY + x * w.weightsStepX + c], sum);
    float upper = sum > d->maximum ? d->maximum : sum;
    output[c] = sum < d->minimum ? d->minimum : upper;
  }
}

INLINE void pixelVectors(const TinyNNDepthwiseF32 *d, Window w, float *output, int32_t channel, int vectors) {
  Vector sums[4];
  UNROLL for (int v = 0; v < vectors; v++) sums[v] = load(d->bias + channel + v * LANES);
  for (int32_t y = 0; y < w.countY; y++) {
    const float *input = w.input + y * w.inputStepY + channel;
    const float *weights = w.weights + y * w.weightsStepY + channel;
    for (int32_t x = 0; x < w.countX; x++) {
      UNROLL for (int v = 0; v < vectors; v++)
        sums[v] = multiplyAdd(load(input + v * LANES), load(weights + v * LANES), sums[v]);
      input += w.inputStepX;
      weights += w.weightsStepX;
    }
  }
  Vector minimum = splat(d->minimum), maximum = splat(d->maximum);
  UNROLL for (int v = 0; v < vectors; v++) store(output + channel + v * LANES, clamp(sums[v], minimum, maximum));
}

// One output pixel, wherever its window lies.
static __attribute__((noinline)) void pixel(const TinyNNDepthwiseF32 *d, Taps y, int32_t x, float *output) {
  Window w = window(d, y, insideTaps(x * d->strideX - d->padLeft, d->dilationX, d->kernelWidth, d->inputWidth));
  int32_t channel = 0, channels = d->channels;
  output += (int64_t)x * channels;
  if (channels < LANES) return scalarPixel(d, w, output);
  for (; channel + 4 * LANES <= channels; channel += 4 * LANES) pixelVectors(d, w, output, channel, 4);
  for (; channel + LANES <= channels; channel += LANES) pixelVectors(d, w, output, channel, 1);
  if (channel < channels) pixelVectors(d, w, output, channels - LANES, 1);
}

// The columns of a group of windows that lie in the image.
typedef struct {
  int32_t first, end;
} Columns;

// With `edge`, some columns are outside.
INLINE void groupVectors(const TinyNNDepthwiseF32 *d, Window w, Columns columns, float *output, int32_t channel, int pixels,
                         int vectors, int taps, int stride, int edge) {
  int64_t channels = d->channels;
  const float *input = w.input + channel, *weights = w.weights + channel;
  Vector sums[PIXELS][VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) {
    Vector bias = load(d->bias + channel + v * LANES);
    UNROLL for (int p = 0; p < pixels; p++) sums[p][v] = bias;
  }
  for (int32_t y = 0; y < w.countY; y++) {
    Vector weight[MAXIMUM_TAPS][VECTORS];
    UNROLL for (int x = 0; x < taps; x++)
      UNROLL for (int v = 0; v < vectors; v++) weight[x][v] = load(weights + x * w.weightsStepX + v * LANES);
    UNROLL for (int column = 0; column < (pixels - 1) * stride + taps; column++) {
      if (edge && (column < columns.first || column >= columns.end)) continue;
      UNROLL for (int v = 0; v < vectors; v++) {
        Vector value = load(input + column * channels + v * LANES);
        UNROLL for (int p = 0; p < pixels; p++) {
          int x = column - p * stride;
          if (x >= 0 && x < taps) sums[p][v] = multiplyAdd(value, weight[x][v], sums[p][v]);
        }
      }
    }
    input += w.inputStepY;
    weights += w.weightsStepY;
  }
  Vector minimum = splat(d->minimum), maximum = splat(d->maximum);
  UNROLL for (int p = 0; p < pixels; p++)
    UNROLL for (int v = 0; v < vectors; v++)
      store(output + p * channels + channel + v * LANES, clamp(sums[p][v], minimum, maximum));
}

// Neighbouring output pixels.
INLINE void groupPixels(const TinyNNDepthwiseF32 *d, Taps y, int32_t x, float *output, int pixels, int vectors, int taps,
                        int stride, int edge) {
  int32_t start = x * stride - d->padLeft, left = d->inputWidth - start;
  Window w = window(d, y, (Taps){0, taps, start});
  Columns columns = {start < 0 ? -start : 0, left};
  int32_t channel = 0, channels = d->channels;
  output += (int64_t)x * channels;
  for (; channel + vectors * LANES <= channels; channel += vectors * LANES)
    groupVectors(d, w, columns, output, channel, pixels, vectors, taps, stride, edge);
  for (; channel + LANES <= channels; channel += LANES)
    groupVectors(d, w, columns, output, channel, pixels, 1, taps, stride, edge);
  if (channel < channels) groupVectors(d, w, columns, output, channels - LANES, pixels, 1, taps, stride, edge);
}

INLINE void row(const TinyNNDepthwiseF32 *d, Taps y, float *output, int taps, int stride) {
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
      groupPixels(d, y, x, output, PIXELS, 2, taps, stride, 0);
      x += PIXELS;
    } else if (sharesEdges && (left == 3 || left == 6)) {
      groupPixels(d, y, x, output, 3, 2, taps, stride, 1);
      x += 3;
    } else if (sharesEdges && left >= PIXELS) {
      groupPixels(d, y, x, output, PIXELS, 2, taps, stride, 1);
      x += PIXELS;
    } else {
      pixel(d, y, x, output);
      x++;
    }
  }
}

void DEPTHWISE(const TinyNNDepthwiseF32 *d, void *context) {
  (void)context;
  int shared = d->dilationX == 1 && d->channels >= LANES;
  for (int32_t index = d->firstRow; index < d->endRow; index++) {
    float *output = d->output + (int64_t)index * d->outputWidth * d->channels;
    Taps y = insideTaps(index * d->strideY - d->padTop, d->dilationY, d->kernelHeight, d->inputHeight);
    if (shared && d->kernelWidth == 3 && d->strideX == 1) row(d, y, output, 3, 1);
    else if (shared && d->kernelWidth == 3 && d->strideX == 2) row(d, y, output, 3, 2);
    else if (shared && d->kernelWidth == 5 && d->strideX == 1) row(d, y, output, 5, 1);
    else if (shared && d->kernelWidth == 5 && d->strideX == 2) row(d, y, output, 5, 2);
    else for (int32_t x = 0; x < d->outputWidth; x++) pixel(d, y, x, output);
  }
}
