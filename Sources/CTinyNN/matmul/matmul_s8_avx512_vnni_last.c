// The last eight columns, or fewer, of a block that matmul_s8_avx512_vnni.c has prepared.

#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)

#define LANES 8
#include "../vectors/vector_s8.h"

INLINE IntVector dotProduct(IntVector sum, IntVector unsignedBytes, IntVector signedBytes) {
  return (IntVector)_mm256_dpbusd_epi32((__m256i)sum, (__m256i)unsignedBytes, (__m256i)signedBytes);
}

#include "matmul_s8_vnni.h"

#define TILE_ROWS 8
#define TILE_VECTORS 1
#define NARROW_ROWS 8
#define NARROW_VECTORS 1
#include "matmul_s8.h"

void tinynn_matmul_s8_avx512_vnni_last(const TinyNNMatMulS8 *m, int32_t column) {
  if (m->tapStride)
    rowTiles(m, NULL, column, 8, 1, WINDOWS);
  else
    rowTiles(m, NULL, column, 8, 1, CONTIGUOUS);
}

#pragma clang attribute pop

#endif
