#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)

#define LANES 16
#include "../vectors/vector_s8.h"

INLINE IntVector dotProduct(IntVector sum, IntVector unsignedBytes, IntVector signedBytes) {
  return (IntVector)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)unsignedBytes, (__m512i)signedBytes);
}

#include "matmul_s8_vnni.h"

// Up to eight columns take vectors of eight.
#define LAST_COLUMNS 8
void tinynn_matmul_s8_avx512_vnni_last(const TinyNNMatMulS8 *m, int32_t column);
#define multiplyLast tinynn_matmul_s8_avx512_vnni_last

#define TILE_ROWS 8
#define TILE_VECTORS 2
#define NARROW_ROWS 8
#define NARROW_VECTORS 1
#define MATMUL multiplyMany
#define CONVOLVE tinynn_convolve_s8_avx512_vnni
static void MATMUL(const TinyNNMatMulS8 *);
#include "matmul_s8.h"

void tinynn_matmul_s8_avx512_vnni_deep(const TinyNNMatMulS8 *m);

void tinynn_matmul_s8_avx512_vnni(const TinyNNMatMulS8 *m) {
  if (isDeep(m))
    tinynn_matmul_s8_avx512_vnni_deep(m);
  else
    multiplyMany(m);
}

#pragma clang attribute pop

#endif
