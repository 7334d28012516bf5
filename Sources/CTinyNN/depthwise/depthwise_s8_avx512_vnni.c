#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)

#define LANES 16
#include "../vectors/vector_s8.h"

INLINE IntVector dotProduct(IntVector sum, IntVector unsignedBytes, IntVector signedBytes) {
  return (IntVector)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)unsignedBytes, (__m512i)signedBytes);
}

#include "depthwise_s8_quads.h"

#define DEPTHWISE tinynn_depthwise_s8_avx512_vnni
#include "depthwise_s8.h"

#pragma clang attribute pop

#endif
