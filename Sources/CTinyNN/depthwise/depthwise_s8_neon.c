#if defined(__aarch64__)

#include "CTinyNN.h"
#include <arm_neon.h>

#define LANES 4
#include "../vectors/vector_s8.h"

typedef struct {
  int32x4_t low, high;
} Sum;
typedef struct {
  int16x8_t rows[5];
} Column;

INLINE Column loadColumn(const int8_t *const *rows, int taps) {
  Column column;
  UNROLL for (int i = 0; i < taps; i++) column.rows[i] = vmovl_s8(vld1_s8(rows[i]));
  return column;
}

INLINE Column loadWeights(const int8_t *const *rows, int taps) { return loadColumn(rows, taps); }

INLINE Sum addColumn(Sum sum, Column values, Column weights, int taps) {
  UNROLL for (int i = 0; i < taps; i++) {
    sum.low = vmlal_s16(sum.low, vget_low_s16(values.rows[i]), vget_low_s16(weights.rows[i]));
    sum.high = vmlal_high_s16(sum.high, values.rows[i], weights.rows[i]);
  }
  return sum;
}

INLINE Sum loadSum(const int32_t *source) { return (Sum){vld1q_s32(source), vld1q_s32(source + 4)}; }
INLINE Sum subtract(Sum a, Sum b) { return (Sum){vsubq_s32(a.low, b.low), vsubq_s32(a.high, b.high)}; }
INLINE void finish(Sum sum, IntVector *result) { result[0] = sum.low, result[1] = sum.high; }

#define DEPTHWISE tinynn_depthwise_s8_neon
#include "depthwise_s8.h"

#endif
