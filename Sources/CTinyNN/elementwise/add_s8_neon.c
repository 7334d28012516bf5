#if defined(__aarch64__)

#include "CTinyNN.h"

#define LANES 4
#include "../vectors/vector_s8.h"

#define SCALE_FOUR
INLINE void scaleFour(const int8_t *source, int32_t zeroPoint, float scale, Vector *result) {
  int8x16_t bytes = vld1q_s8(source), zeroPoints = vdupq_n_s8((int8_t)zeroPoint);
  int16x8_t low = vsubl_s8(vget_low_s8(bytes), vget_low_s8(zeroPoints)), high = vsubl_high_s8(bytes, zeroPoints);
  result[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))) * splat(scale);
  result[1] = vcvtq_f32_s32(vmovl_high_s16(low)) * splat(scale);
  result[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))) * splat(scale);
  result[3] = vcvtq_f32_s32(vmovl_high_s16(high)) * splat(scale);
}

#define ADD tinynn_add_s8_neon
#include "add_s8.h"

#endif
