#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)

#define LANES 8
#include "../vectors/vector_s8.h"

INLINE IntVector dotProduct(IntVector sum, IntVector unsignedBytes, IntVector signedBytes) {
  return (IntVector)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)unsignedBytes, (__m256i)signedBytes);
}

#include "matmul_s8_vnni.h"

#define TILE_ROWS 6
#define TILE_VECTORS 2
#define NARROW_ROWS 6
#define NARROW_VECTORS 2
#define MATMUL multiplyMany
#define CONVOLVE tinynn_convolve_s8_avx_vnni
static void MATMUL(const TinyNNMatMulS8 *);
#include "matmul_s8.h"

void tinynn_matmul_s8_avx_vnni_deep(const TinyNNMatMulS8 *m);

void tinynn_matmul_s8_avx_vnni(const TinyNNMatMulS8 *m) {
  if (isDeep(m))
    tinynn_matmul_s8_avx_vnni_deep(m);
  else
    multiplyMany(m);
}

#pragma clang attribute pop

#endif
