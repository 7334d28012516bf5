#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)

#define LANES 16
#include "../vectors/vector_s8.h"

INLINE IntVector dotProduct(IntVector sum, IntVector unsignedBytes, IntVector signedBytes) {
  return (IntVector)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)unsignedBytes, (__m512i)signedBytes);
}

#define TILE_ROWS 8
#define TILE_VECTORS 2
#define NARROW_ROWS 8
#define NARROW_VECTORS 1
#define MULTIPLY_DEEP tinynn_matmul_s8_avx512_vnni_deep
#include "matmul_s8_vnni_deep.h"

#pragma clang attribute pop

#endif
