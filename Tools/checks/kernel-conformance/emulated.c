// The kernels for dot product instructions with those instructions in plain C, so that the rest of them runs on any x86-64.

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "vectors/vector_s8.h"

INLINE IntVector dotProduct(IntVector sum, IntVector unsignedBytes, IntVector signedBytes) {
  uint8_t u[LANES * 4];
  int8_t s[LANES * 4];
  __builtin_memcpy(u, &unsignedBytes, sizeof u);
  __builtin_memcpy(s, &signedBytes, sizeof s);
  for (int i = 0; i < LANES * 4; i++) sum[i / 4] += u[i] * s[i];
  return sum;
}

#if defined(DEPTHWISE)
#include "depthwise/depthwise_s8_quads.h"
#include "depthwise/depthwise_s8.h"
#elif defined(MULTIPLY_DEEP)
#include "matmul/matmul_s8_vnni_deep.h"
#else
#include "matmul/matmul_s8_vnni.h"
#include "matmul/matmul_s8.h"
#endif

#pragma clang attribute pop
