// Four int8 at a time, for the kernels of 32-bit ARM: dual 16-bit multiplications where the processor has them.

#include "quantize_s8.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

INLINE int32_t fourBytes(const int8_t *source) {
  int32_t four;
  __builtin_memcpy(&four, source, 4);
  return four;
}

// Bytes 0 and 2, and bytes 1 and 3, as two int16.
INLINE int16x2_t evenBytes(int32_t four) {
  return __sxtb16(four);
}
INLINE int16x2_t oddBytes(int32_t four) { return __sxtb16((int32_t)__ror((uint32_t)four, 8)); }
#endif
