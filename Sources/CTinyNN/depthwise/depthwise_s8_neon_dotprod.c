#if defined(__aarch64__)

#include "CTinyNN.h"
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define LANES 4
#include "../vectors/vector_s8.h"

#define UNIT 16
#define PIXELS 3
#define MAXIMUM_PARTS 8

INLINE int roomyRows(int taps) { return (taps + 3) / 4 * 4; }

typedef struct {
  int32x4_t quarters[4];
} Sum;
typedef int8x16_t Part;

// Four rows of a column meet in the four bytes of a channel: [group of four rows][quarter of the channels].
typedef struct {
  Part parts[MAXIMUM_PARTS];
} Column;

INLINE int partCount(int taps) { return (taps + 3) / 4 * 4; }

// What stands for the rows behind the last one meets weights of zero.
INLINE Column column(const int8_t *const *rows, int taps, int isWeights) {
  Column column;
  UNROLL for (int g = 0; 4 * g < taps; g++) {
    int8x16_t r[4];
    UNROLL for (int i = 0; i < 4; i++) {
      if (4 * g + i < taps) r[i] = vld1q_s8(rows[4 * g + i]);
      else r[i] = isWeights ? vdupq_n_s8(0) : r[i - 1];
    }
    int16x8_t low01 = vreinterpretq_s16_s8(vzip1q_s8(r[0], r[1])), high01 = vreinterpretq_s16_s8(vzip2q_s8(r[0], r[1]));
    int16x8_t low23 = vreinterpretq_s16_s8(vzip1q_s8(r[2], r[3])), high23 = vreinterpretq_s16_s8(vzip2q_s8(r[2], r[3]));
    column.parts[4 * g] = vreinterpretq_s8_s16(vzip1q_s16(low01, low23));
    column.parts[4 * g + 1] = vreinterpretq_s8_s16(vzip2q_s16(low01, low23));
    column.parts[4 * g + 2] = vreinterpretq_s8_s16(vzip1q_s16(high01, high23));
    column.parts[4 * g + 3] = vreinterpretq_s8_s16(vzip2q_s16(high01, high23));
  }
  return column;
}

INLINE Column loadColumn(const int8_t *const *rows, int taps) { return column(rows, taps, 0); }
INLINE Column loadWeights(const int8_t *const *rows, int taps) { return column(rows, taps, 1); }

INLINE Sum addColumn(Sum sum, Column values, Column weights, int taps) {
  UNROLL for (int i = 0; i < partCount(taps); i++) {
    sum.quarters[i % 4] = vdotq_s32(sum.quarters[i % 4], values.parts[i], weights.parts[i]);
  }
  return sum;
}

INLINE Sum loadSum(const int32_t *source) {
  return (Sum){{vld1q_s32(source), vld1q_s32(source + 4), vld1q_s32(source + 8), vld1q_s32(source + 12)}};
}
INLINE Sum subtract(Sum a, Sum b) {
  UNROLL for (int i = 0; i < 4; i++) a.quarters[i] = vsubq_s32(a.quarters[i], b.quarters[i]);
  return a;
}
INLINE void finish(Sum sum, IntVector *result) {
  UNROLL for (int i = 0; i < 4; i++) result[i] = sum.quarters[i];
}

#define DEPTHWISE tinynn_depthwise_s8_neon_dotprod
#include "depthwise_s8.h"

#pragma clang attribute pop

#endif
