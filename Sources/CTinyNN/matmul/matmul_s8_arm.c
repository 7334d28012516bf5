// 32-bit ARM: dual 16-bit multiplications where the processor has them (Cortex-M with DSP), plain C elsewhere.

#if defined(__arm__)

#include "../vectors/bytes_arm.h"

#if defined(__ARM_FEATURE_DSP)
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

#endif
