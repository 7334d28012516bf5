// Template of the gradients of depthwise convolutions. The including file defines
//   LANES               floats of a vector
//   DEPTHWISE_GRADIENT  the function's name
// and sets the instruction set.
//
// An input pixel takes the products of all its windows at once, and a weight those of a row of the output, so that each gradient is
// read and written once for many products.

#include "../kernels.h"
#include "../vectors/vector.h"

// The interface wants products and sums rounded each.
#pragma STDC FP_CONTRACT OFF

// Products that are added at once.
#define MAXIMUM_COUNT 64
#define VECTORS 4

typedef struct {
  const float *a[MAXIMUM_COUNT], *b[MAXIMUM_COUNT];
  int32_t count;
} Products;

INLINE void addVectors(float *target, const Products *p, int32_t channel, int vectors) {
  Vector sums[VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) sums[v] = load(target + channel + v * LANES);
  for (int32_t i = 0; i < p->count; i++) {
    const float *a = p->a[i] + channel, *b = p->b[i] + channel;
    UNROLL for (int v = 0; v < vectors; v++) sums[v] += load(a + v * LANES) * load(b + v * LANES);
  }
  UNROLL for (int v = 0; v < vectors; v++) store(target + channel + v * LANES, sums[v]);
}

// Adds the products, channel by channel, and forgets them.
static __attribute__((noinline)) void add(float *target, Products *p, int32_t channels) {
  int32_t channel = 0;
  for (; channel + VECTORS * LANES <= channels; channel += VECTORS * LANES) addVectors(target, p, channel, VECTORS);
  for (; channel + LANES <= channels; channel += LANES) addVectors(target, p, channel, 1);
  for (; channel < channels; channel++)
    for (int32_t i = 0; i < p->count; i++) target[channel] += p->a[i][channel] * p->b[i][channel];
  p->count = 0;
}

INLINE void append(Products *p, const float *a, const float *b, float *target, int32_t channels) {
  if (p->count == MAXIMUM_COUNT) add(target, p, channels);
  p->a[p->count] = a, p->b[p->count++] = b;
}

void DEPTHWISE_GRADIENT(const TinyNNDepthwiseGradientF32 *d) {
  int64_t channels = d->channels, paddedChannels = (d->channels + 15) / 16 * 16;
  Products p = {.count = 0};
  // In the order of the output's pixels, which is that of the taps backwards.
  for (int32_t pixel = 0; d->inputGradient && pixel < d->inputHeight * d->inputWidth; pixel++) {
    float *target = d->inputGradient + pixel * channels;
    for (int32_t ky = d->kernelHeight - 1; ky >= 0; ky--) {
      int32_t down = pixel / d->inputWidth + d->padTop - ky * d->dilationY, y = down / d->strideY;
      if (down < 0 || down % d->strideY != 0 || y >= d->outputHeight) continue;
      for (int32_t kx = d->kernelWidth - 1; kx >= 0; kx--) {
        int32_t right = pixel % d->inputWidth + d->padLeft - kx * d->dilationX, x = right / d->strideX;
        if (right < 0 || right % d->strideX != 0 || x >= d->outputWidth) continue;
        append(&p, d->outputGradient + (y * d->outputWidth + x) * channels,
               d->weights + (ky * d->kernelWidth + kx) * paddedChannels, target, d->channels);
      }
    }
    add(target, &p, d->channels);
  }
  for (int32_t y = 0; d->weightGradient && y < d->outputHeight; y++)
    for (int32_t tap = 0; tap < d->kernelHeight * d->kernelWidth; tap++) {
      float *target = d->weightGradient + tap * paddedChannels;
      int32_t inputY = y * d->strideY - d->padTop + tap / d->kernelWidth * d->dilationY;
      if (inputY < 0 || inputY >= d->inputHeight) continue;
      for (int32_t x = 0; x < d->outputWidth; x++) {
        int32_t inputX = x * d->strideX - d->padLeft + tap % d->kernelWidth * d->dilationX;
        if (inputX < 0 || inputX >= d->inputWidth) continue;
        append(&p, d->outputGradient + (y * d->outputWidth + x) * channels,
               d->input + (inputY * d->inputWidth + inputX) * channels, target, d->channels);
      }
      add(target, &p, d->channels);
    }
}
