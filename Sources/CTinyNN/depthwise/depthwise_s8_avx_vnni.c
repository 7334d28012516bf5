#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)

#define LANES 8
#include "../vectors/vector_s8.h"

INLINE __m256i multiplyAddPairs(__m256i sum, __m256i values, __m256i weights) {
  return _mm256_dpwssd_avx_epi32(sum, values, weights);
}

#include "depthwise_s8_pairs.h"

#define DEPTHWISE tinynn_depthwise_s8_avx_vnni
#include "depthwise_s8.h"

#pragma clang attribute pop

#endif
