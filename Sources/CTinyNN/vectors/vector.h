// Vectors of LANES floats, for the kernel templates. The including file defines LANES and sets the instruction set.

#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float Vector __attribute__((ext_vector_type(LANES)));
typedef float UnalignedVector __attribute__((ext_vector_type(LANES), aligned(4), may_alias));

INLINE Vector load(const float *source) { return *(const UnalignedVector *)source; }

INLINE void store(float *destination, Vector value) { *(UnalignedVector *)destination = value; }

INLINE Vector splat(float value) { return (Vector)value; }

INLINE Vector multiplyAdd(Vector a, Vector b, Vector sum) { return __builtin_elementwise_fma(a, b, sum); }

// Not a maximum and minimum instruction of any kind: those differ between instruction sets in ties of zeros.
INLINE Vector clamp(Vector value, Vector minimum, Vector maximum) {
  Vector upper = value > maximum ? maximum : value;
  return value < minimum ? minimum : upper;
}
