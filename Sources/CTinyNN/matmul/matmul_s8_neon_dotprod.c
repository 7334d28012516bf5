#if defined(__aarch64__)

#include "CTinyNN.h"
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define LANES 4
#include "../vectors/vector_s8.h"

// Sixteen channels of a row are one vector: the instruction takes its four bytes from any lane.
#define GROUP 4
#define UNIT_ROWS 1

typedef int8x16_t Activations;
typedef struct {
  int8x16_t steps[GROUP];
} Weights;
typedef int32x4_t Sum;

INLINE Activations loadActivations(const int8_t *const x[1], int steps) {
  if (steps == GROUP) return vld1q_s8(x[0]);
  if (steps == 2) return vcombine_s8(vld1_s8(x[0]), vdup_n_s8(0));
  int32_t four;
  __builtin_memcpy(&four, x[0], 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

INLINE Weights loadWeights(const int8_t *w, int steps) {
  Weights weights;
  UNROLL for (int s = 0; s < steps; s++) weights.steps[s] = vld1q_s8(w + s * TINYNN_PANEL_COLUMNS * 4);
  return weights;
}

INLINE Sum initialSum(IntVector bias) { return (Sum)bias; }

INLINE Sum addProducts(Sum sum, Activations a, Weights w, int steps) {
  sum = vdotq_laneq_s32(sum, w.steps[0], a, 0);
  if (steps == 1) return sum;
  sum = vdotq_laneq_s32(sum, w.steps[1], a, 1);
  if (steps == 2) return sum;
  sum = vdotq_laneq_s32(sum, w.steps[2], a, 2);
  return vdotq_laneq_s32(sum, w.steps[3], a, 3);
}

INLINE void finish(Sum sum, IntVector result[1]) { result[0] = sum; }

#define TILE_ROWS 6
#define TILE_VECTORS 4
#define NARROW_ROWS 8
#define NARROW_VECTORS 2
#define MATMUL tinynn_matmul_s8_neon_dotprod
#define CONVOLVE tinynn_convolve_s8_neon_dotprod
#include "matmul_s8.h"

#pragma clang attribute pop

#endif
