#include "CTinyNN.h"

uint32_t tinynn_cpu_features(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  uint32_t features = 0;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) features |= TINYNN_CPU_AVX2_FMA;
  if (__builtin_cpu_supports("avx512f")) features |= TINYNN_CPU_AVX512F;
  return features;
#elif defined(__aarch64__)
  return TINYNN_CPU_NEON;
#else
  return 0;
#endif
}
