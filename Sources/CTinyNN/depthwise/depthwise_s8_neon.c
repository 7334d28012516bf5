#if defined(__aarch64__)

#include "CTinyNN.h"
#include <arm_neon.h>

#define LANES 4
#include "../vectors/vector_s8.h"

#define UNIT 16
#define PIXELS 4
#define MAXIMUM_PARTS 7

INLINE int roomyRows(int taps) { return taps; }

typedef struct {
  int32x4_t quarters[4];
} Sum;
typedef int8x16_t Part;

// The rows of a column.
typedef struct {
  Part parts[MAXIMUM_PARTS];
} Column;

INLINE int partCount(int taps) { return taps; }

INLINE Column loadColumn(const int8_t *const *rows, int taps) {
  Column column;
  UNROLL for (int i = 0; i < taps; i++) column.parts[i] = vld1q_s8(rows[i]);
  return column;
}

INLINE Column loadWeights(const int8_t *const *rows, int taps) { return loadColumn(rows, taps); }

// Two products fit in int16: 2 * 128 * 127 < 2^15.
INLINE Sum addColumn(Sum sum, Column values, Column weights, int taps) {
  UNROLL for (int i = 0; i < taps; i += 2) {
    int16x8_t low = vmull_s8(vget_low_s8(values.parts[i]), vget_low_s8(weights.parts[i]));
    int16x8_t high = vmull_high_s8(values.parts[i], weights.parts[i]);
    if (i + 1 < taps) {
      low = vmlal_s8(low, vget_low_s8(values.parts[i + 1]), vget_low_s8(weights.parts[i + 1]));
      high = vmlal_high_s8(high, values.parts[i + 1], weights.parts[i + 1]);
    }
    sum.quarters[0] = vaddw_s16(sum.quarters[0], vget_low_s16(low));
    sum.quarters[1] = vaddw_high_s16(sum.quarters[1], low);
    sum.quarters[2] = vaddw_s16(sum.quarters[2], vget_low_s16(high));
    sum.quarters[3] = vaddw_high_s16(sum.quarters[3], high);
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

#define DEPTHWISE tinynn_depthwise_s8_neon
#include "depthwise_s8.h"

#endif
