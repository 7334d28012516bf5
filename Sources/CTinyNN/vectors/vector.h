// Vectors of LANES floats, for the kernel templates. The including file defines LANES and sets the instruction set.

#include <stdint.h>
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float Vector __attribute__((ext_vector_type(LANES)));
typedef float UnalignedVector __attribute__((ext_vector_type(LANES), aligned(4), may_alias));

INLINE Vector load(const float *source) { return *(const UnalignedVector *)source; }

INLINE void store(float *destination, Vector value) { *(UnalignedVector *)destination = value; }

INLINE Vector splat(float value) { return (Vector)value; }

INLINE Vector multiplyAdd(Vector a, Vector b, Vector sum) { return __builtin_elementwise_fma(a, b, sum); }

// `value < minimum ? minimum : (value > maximum ? maximum : value)`. The maximum instruction of NEON would make +0 of a -0 that
// meets a minimum of +0; its minimum instruction does what this says once the maximum is no -0. On x86-64 each line is one
// instruction.
INLINE Vector clamp(Vector value, Vector minimum, Vector maximum) {
#if defined(__aarch64__) && LANES == 4
  Vector upper = (Vector)vminq_f32((float32x4_t)value, (float32x4_t)(maximum + splat(0)));
#else
  Vector upper = value > maximum ? maximum : value;
#endif
  return upper < minimum ? minimum : upper;
}
