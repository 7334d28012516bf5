// The int8 kernels of 32-bit ARM: Cortex-M with dual 16-bit multiplications, plain C without.

#if defined(__arm__)

#include "quantize_s8.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

INLINE int32_t fourBytes(const int8_t *source) {
  int32_t four;
  __builtin_memcpy(&four, source, 4);
  return four;
}

// Bytes 0 and 2, and bytes 1 and 3, as two int16.
INLINE int16x2_t evenBytes(int32_t four) {
  return __sxtb16(four);
}
INLINE int16x2_t oddBytes(int32_t four) { return __sxtb16((int32_t)__ror((uint32_t)four, 8)); }

INLINE int32_t addFourProducts(int32_t sum, int16x2_t evenX, int16x2_t oddX, int32_t weights) {
  return __smlad(oddX, oddBytes(weights), __smlad(evenX, evenBytes(weights), sum));
}
#endif

INLINE const int8_t *sourceRow(const TinyNNMatMulS8 *m, int32_t row, int32_t tap) {
  int32_t index = row * m->taps + tap;
  if (!m->offsets) return m->input + index * m->channels;
  return m->offsets[index] < 0 ? m->padding : m->input + m->offsets[index];
}

// Two columns of one row share what is read of the row.
void tinynn_matmul_s8_arm(const TinyNNMatMulS8 *m) {
  Bounds b = bounds(m->outputZeroPoint, m->minimum, m->maximum);
  int32_t depth = m->taps * m->channels;
  for (int32_t column = 0; column < m->columns; column += 2) {
    const int8_t *columnWeights =
        m->weights + column / TINYNN_PANEL_COLUMNS * depth * TINYNN_PANEL_COLUMNS + column % TINYNN_PANEL_COLUMNS * 4;
    for (int32_t row = 0; row < m->rows; row++) {
      const int8_t *weights = columnWeights;
      int32_t sums[2] = {m->bias[column], m->bias[column + 1]};
      for (int32_t tap = 0; tap < m->taps; tap++) {
        const int8_t *x = sourceRow(m, row, tap);
        for (int32_t channel = 0; channel < m->channels; channel += 4, weights += TINYNN_PANEL_COLUMNS * 4) {
#if defined(__ARM_FEATURE_DSP)
          int32_t four = fourBytes(x + channel);
          int16x2_t even = evenBytes(four), odd = oddBytes(four);
          sums[0] = addFourProducts(sums[0], even, odd, fourBytes(weights));
          sums[1] = addFourProducts(sums[1], even, odd, fourBytes(weights + 4));
#else
          for (int32_t i = 0; i < 4; i++) {
            sums[0] += x[channel + i] * weights[i];
            sums[1] += x[channel + i] * weights[4 + i];
          }
#endif
        }
      }
      int8_t *output = m->output + row * m->outputStride + column;
      output[0] = quantized((float)sums[0] * m->multipliers[column], b);
      if (column + 1 < m->columns) output[1] = quantized((float)sums[1] * m->multipliers[column + 1], b);
    }
  }
}

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

void tinynn_add_s8_arm(const TinyNNAddS8 *s) {
  Bounds b = bounds(s->zeroOutput, s->minimum, s->maximum);
  for (int32_t index = 0; index < s->count; index++) s->output[index] = sumOfScaled(s, index, b);
}

#endif
