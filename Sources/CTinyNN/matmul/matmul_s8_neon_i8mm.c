#if defined(__aarch64__)

#include "CTinyNN.h"
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("i8mm,dotprod"))), apply_to = function)

#define LANES 4
#include "../vectors/vector_s8.h"

// The instruction multiplies two rows of eight channels by two columns of eight: a vector of four columns and two rows has
// two sums, [row 0, columns 0 1; row 1, columns 0 1] and the same of columns 2 3.
#define GROUP 2
#define UNIT_ROWS 2

typedef int8x16_t Activations;
typedef struct {
  int8x16_t columns01, columns23;
} Weights;
typedef struct {
  int32x4_t columns01, columns23;
} Sum;

INLINE int8x8_t rowPart(const int8_t *x, int steps) {
  if (steps == GROUP) return vld1_s8(x);
  int32_t four;
  __builtin_memcpy(&four, x, 4);
  return vreinterpret_s8_s32(vset_lane_s32(four, vdup_n_s32(0), 0));
}

INLINE Activations loadActivations(const int8_t *const x[2], int steps) {
  return vcombine_s8(rowPart(x[0], steps), rowPart(x[1], steps));
}

INLINE Weights loadWeights(const int8_t *w, int steps) {
  int32x4_t first = vreinterpretq_s32_s8(vld1q_s8(w));
  int32x4_t second = steps == GROUP ? vreinterpretq_s32_s8(vld1q_s8(w + TINYNN_PANEL_COLUMNS * 4)) : vdupq_n_s32(0);
  return (Weights){vreinterpretq_s8_s32(vzip1q_s32(first, second)), vreinterpretq_s8_s32(vzip2q_s32(first, second))};
}

INLINE Sum initialSum(IntVector bias) {
  int64x2_t pairs = vreinterpretq_s64_s32((int32x4_t)bias);
  return (Sum){vreinterpretq_s32_s64(vdupq_laneq_s64(pairs, 0)), vreinterpretq_s32_s64(vdupq_laneq_s64(pairs, 1))};
}

INLINE Sum addProducts(Sum sum, Activations a, Weights w, int steps) {
  return (Sum){vmmlaq_s32(sum.columns01, a, w.columns01), vmmlaq_s32(sum.columns23, a, w.columns23)};
}

INLINE void finish(Sum sum, IntVector result[2]) {
  int64x2_t columns01 = vreinterpretq_s64_s32(sum.columns01), columns23 = vreinterpretq_s64_s32(sum.columns23);
  result[0] = vreinterpretq_s32_s64(vzip1q_s64(columns01, columns23));
  result[1] = vreinterpretq_s32_s64(vzip2q_s64(columns01, columns23));
}

#define TILE_ROWS 4
#define TILE_VECTORS 4
#define NARROW_ROWS 8
#define NARROW_VECTORS 2
#define MATMUL tinynn_matmul_s8_neon_i8mm
#define CONVOLVE tinynn_convolve_s8_neon_i8mm
#include "matmul_s8.h"

#pragma clang attribute pop

#endif
