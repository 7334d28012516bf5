// Requantization of single values, for the int8 kernels.

#include "../kernels.h"

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// The bounds of an output, less its zero point, and what the instructions want besides.
typedef struct {
  float minimum, maximum;
  int32_t zeroPoint, lowest, highest;
} Bounds;

INLINE Bounds bounds(int32_t zeroPoint, int32_t minimum, int32_t maximum) {
  return (Bounds){(float)(minimum - zeroPoint), (float)(maximum - zeroPoint), zeroPoint, minimum, maximum};
}

// 1.5 * 2^23: adding it rounds to the nearest integer, ties to even, and leaves that integer in the low bits.
#define ROUNDING_CONSTANT 12582912.0f
#define ROUNDING_CONSTANT_BITS 0x4B400000

INLINE int8_t quantized(float value, Bounds b) {
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && (__ARM_FP & 8)
  // One instruction each on Cortex-M with double precision (FPv5); values are no NaN, and the sign of a zero makes no difference.
  float rounded = __builtin_fminf(__builtin_fmaxf(value, b.minimum), b.maximum) + ROUNDING_CONSTANT;
#else
  float raised = value < b.minimum ? b.minimum : value;
  float rounded = (raised > b.maximum ? b.maximum : raised) + ROUNDING_CONSTANT;
#endif
  int32_t bits;
  __builtin_memcpy(&bits, &rounded, sizeof bits);
  return (int8_t)(bits - ROUNDING_CONSTANT_BITS + b.zeroPoint);
}

INLINE int8_t sumOfScaled(const TinyNNAddS8 *s, int32_t index, Bounds b) {
  float first = (float)(s->a[index] - s->zeroA) * s->scaleA;
  float second = (float)(s->b[index] - s->zeroB) * s->scaleB;
  return quantized(first + second, b);
}
