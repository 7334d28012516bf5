// 32-bit ARM: dual 16-bit multiplications where the processor has them (Cortex-M with DSP), plain C elsewhere.

#if defined(__arm__)

#include "../vectors/bytes_arm.h"

INLINE void addTap(int32_t sums[4], const int8_t *x, const int8_t *w, int32_t zeroPoint, int32_t count) {
#if defined(__ARM_FEATURE_DSP)
  if (count == 4) {
    int32_t values = fourBytes(x), weights = fourBytes(w);
    int16x2_t zeroPoints = (int16x2_t)((uint32_t)(zeroPoint & 0xFFFF) * 0x10001u);
    int16x2_t even = __ssub16(evenBytes(values), zeroPoints), odd = __ssub16(oddBytes(values), zeroPoints);
    sums[0] = __smlabb(even, evenBytes(weights), sums[0]);
    sums[1] = __smlabb(odd, oddBytes(weights), sums[1]);
    sums[2] = __smlatt(even, evenBytes(weights), sums[2]);
    sums[3] = __smlatt(odd, oddBytes(weights), sums[3]);
    return;
  }
#endif
  for (int32_t c = 0; c < count; c++) sums[c] += (x[c] - zeroPoint) * w[c];
}

void tinynn_depthwise_s8_arm(const TinyNNDepthwiseS8 *d) {
  Bounds b = bounds(d->outputZeroPoint, d->minimum, d->maximum);
  int32_t channels = d->channels, padded = (channels + 15) / 16 * 16;
  for (int32_t outputY = d->firstRow; outputY < d->endRow; outputY++) {
    for (int32_t outputX = 0; outputX < d->outputWidth; outputX++) {
      int8_t *output = d->output + (outputY * d->outputWidth + outputX) * channels;
      for (int32_t channel = 0; channel < channels; channel += 4) {
        int32_t count = channels - channel < 4 ? channels - channel : 4;
        int32_t sums[4];
        for (int32_t c = 0; c < 4; c++) sums[c] = d->bias[channel + c];
        for (int32_t tapY = 0; tapY < d->kernelHeight; tapY++) {
          int32_t y = outputY * d->strideY - d->padTop + tapY * d->dilationY;
          if (y < 0 || y >= d->inputHeight) continue;
          for (int32_t tapX = 0; tapX < d->kernelWidth; tapX++) {
            int32_t x = outputX * d->strideX - d->padLeft + tapX * d->dilationX;
            if (x < 0 || x >= d->inputWidth) continue;
            addTap(sums, d->input + (y * d->inputWidth + x) * channels + channel,
                d->weights + (tapY * d->kernelWidth + tapX) * padded + channel, d->inputZeroPoint, count);
          }
        }
        for (int32_t c = 0; c < count; c++) output[channel + c] = quantized((float)sums[c] * d->multipliers[channel + c], b);
      }
    }
  }
}

#endif
