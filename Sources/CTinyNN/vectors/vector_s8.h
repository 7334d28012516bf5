// Vectors of LANES int32, and requantization, for the int8 kernel templates. The including file defines LANES and sets the
// instruction set.

#include "vector.h"
#include "quantize_s8.h"

typedef int32_t IntVector __attribute__((ext_vector_type(LANES)));
typedef int32_t UnalignedIntVector __attribute__((ext_vector_type(LANES), aligned(4), may_alias));
typedef int8_t ByteVector __attribute__((ext_vector_type(LANES)));
typedef int8_t UnalignedByteVector __attribute__((ext_vector_type(LANES), aligned(1), may_alias));

INLINE IntVector loadInts(const int32_t *source) { return *(const UnalignedIntVector *)source; }

INLINE Vector toFloat(IntVector value) { return __builtin_convertvector(value, Vector); }

// Each has storeQuantized, which writes `vectors` vectors of values one after the other, and storeQuantizedRows, which writes
// `rows` rows of as many, `stride` bytes apart.
#if defined(__x86_64__) && !defined(TINYNN_EMULATED) && LANES == 8
#include "requantize_avx2.h"
#elif defined(__x86_64__) && !defined(TINYNN_EMULATED) && LANES == 16
#include "requantize_avx512.h"
#elif defined(__aarch64__)
#include "requantize_neon.h"
#else
#include "requantize_any.h"
#endif
