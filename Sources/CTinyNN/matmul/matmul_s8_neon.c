#if defined(__aarch64__)

#include "CTinyNN.h"
#include <arm_neon.h>

#define LANES 4
#include "../vectors/vector_s8.h"

// Two products fit in int16: 2 * 128 * 127 < 2^15. Each int32 lane adds two neighbouring ones, so a column has two lanes.
#define GROUP 2
#define UNIT_ROWS 1

typedef struct {
  int8x16_t steps[GROUP];
} Activations;
typedef struct {
  int8x16_t steps[GROUP];
} Weights;
typedef struct {
  int32x4_t low, high;
} Sum;

INLINE Activations loadActivations(const int8_t *const x[1], int steps) {
  Activations a;
  UNROLL for (int s = 0; s < steps; s++) {
    int32_t four;
    __builtin_memcpy(&four, x[0] + 4 * s, 4);
    a.steps[s] = vreinterpretq_s8_s32(vdupq_n_s32(four));
    // Else the compiler, which knows that both halves are equal, replaces the products of high halves by three instructions.
    __asm__("" : "+w"(a.steps[s]));
  }
  return a;
}

INLINE Weights loadWeights(const int8_t *w, int steps) {
  Weights weights;
  UNROLL for (int s = 0; s < steps; s++) weights.steps[s] = vld1q_s8(w + s * TINYNN_PANEL_COLUMNS * 4);
  return weights;
}

INLINE Sum initialSum(IntVector bias) {
  int32x4_t zeros = vdupq_n_s32(0);
  return (Sum){vzip1q_s32((int32x4_t)bias, zeros), vzip2q_s32((int32x4_t)bias, zeros)};
}

INLINE Sum addProducts(Sum sum, Activations a, Weights w, int steps) {
  int16x8_t low = vmull_s8(vget_low_s8(w.steps[0]), vget_low_s8(a.steps[0]));
  int16x8_t high = vmull_high_s8(w.steps[0], a.steps[0]);
  if (steps == 2) {
    low = vmlal_s8(low, vget_low_s8(w.steps[1]), vget_low_s8(a.steps[1]));
    high = vmlal_high_s8(high, w.steps[1], a.steps[1]);
  }
  return (Sum){vpadalq_s16(sum.low, low), vpadalq_s16(sum.high, high)};
}

INLINE void finish(Sum sum, IntVector result[1]) { result[0] = vpaddq_s32(sum.low, sum.high); }

#define TILE_ROWS 2
#define TILE_VECTORS 4
#define NARROW_ROWS 4
#define NARROW_VECTORS 2
#define MATMUL tinynn_matmul_s8_neon
#define CONVOLVE tinynn_convolve_s8_neon
#include "matmul_s8.h"

#endif
