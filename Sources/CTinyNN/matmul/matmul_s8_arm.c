// 32-bit ARM: dual 16-bit multiplications where the processor has them (Cortex-M with DSP), plain C elsewhere.

#if defined(__arm__)

#include "../vectors/bytes_arm.h"

// Of two rows and two columns: [row][column].
typedef struct {
  int32_t s00, s01, s10, s11;
} Sums;

// A function of its own has the registers that the loop needs.
static __attribute__((noinline)) void addProducts(
    Sums *sums, const int8_t *x0, const int8_t *x1, const int8_t *weights, int32_t channels) {
  Sums s = *sums;
#if defined(__ARM_FEATURE_DSP)
  _Pragma("clang loop unroll(disable)") for (const int8_t *end = x0 + channels; x0 != end;
      x0 += 4, x1 += 4, weights += TINYNN_PANEL_COLUMNS * 4) {
    int32_t four0 = fourBytes(x0), four1 = fourBytes(x1), w = fourBytes(weights);
    int16x2_t even0 = evenBytes(four0), odd0 = oddBytes(four0), even1 = evenBytes(four1), odd1 = oddBytes(four1);
    s.s00 = __smlad(odd0, oddBytes(w), __smlad(even0, evenBytes(w), s.s00));
    s.s10 = __smlad(odd1, oddBytes(w), __smlad(even1, evenBytes(w), s.s10));
    w = fourBytes(weights + 4);
    s.s01 = __smlad(odd0, oddBytes(w), __smlad(even0, evenBytes(w), s.s01));
    s.s11 = __smlad(odd1, oddBytes(w), __smlad(even1, evenBytes(w), s.s11));
  }
#else
  for (int32_t channel = 0; channel < channels; channel++) {
    const int8_t *w = weights + channel / 4 * (TINYNN_PANEL_COLUMNS * 4) + channel % 4;
    s.s00 += x0[channel] * w[0], s.s01 += x0[channel] * w[4];
    s.s10 += x1[channel] * w[0], s.s11 += x1[channel] * w[4];
  }
#endif
  *sums = s;
}

INLINE const int8_t *sourceRow(const TinyNNMatMulS8 *m, int32_t row, int32_t tap) {
  int32_t offset = m->offsets[row * m->taps + tap];
  return offset < 0 ? m->padding : m->input + offset;
}

// Two columns of all rows.
static void columnPair(const TinyNNMatMulS8 *m, int32_t column, int32_t depth) {
  Bounds b = bounds(m->outputZeroPoint, m->minimum, m->maximum);
  const int8_t *panel =
      m->weights + column / TINYNN_PANEL_COLUMNS * depth * TINYNN_PANEL_COLUMNS + column % TINYNN_PANEL_COLUMNS * 4;
  int8_t *output = m->output + column;
  int32_t columns = m->columns - column < 2 ? 1 : 2, first = m->bias[column], second = m->bias[column + 1];
  float firstMultiplier = m->multipliers[column], secondMultiplier = m->multipliers[column + 1];
  const int8_t *x = m->input;
  for (int32_t row = 0; row < m->rows; row += 2, x += 2 * depth, output += 2 * m->outputStride) {
    // A last single row is computed twice.
    int32_t rows = m->rows - row < 2 ? 1 : 2;
    Sums s = {first, second, first, second};
    if (m->offsets) {
      const int8_t *weights = panel;
      for (int32_t tap = 0; tap < m->taps; tap++, weights += m->channels * TINYNN_PANEL_COLUMNS)
        addProducts(&s, sourceRow(m, row, tap), sourceRow(m, row + rows - 1, tap), weights, m->channels);
    } else {
      addProducts(&s, x, x + (rows - 1) * depth, panel, depth);
    }
    int8_t *next = output + m->outputStride;
    output[0] = quantized((float)s.s00 * firstMultiplier, b);
    if (rows == 2) next[0] = quantized((float)s.s10 * firstMultiplier, b);
    if (columns == 1) continue;
    output[1] = quantized((float)s.s01 * secondMultiplier, b);
    if (rows == 2) next[1] = quantized((float)s.s11 * secondMultiplier, b);
  }
}

void tinynn_matmul_s8_arm(const TinyNNMatMulS8 *m) {
  for (int32_t column = 0; column < m->columns; column += 2) columnPair(m, column, m->taps * m->channels);
}

#endif
