#include "CTinyNN.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#define HWCAP_DOT_PRODUCT (1ul << 20)
#define HWCAP2_INT8_MATRIX_MULTIPLY (1ul << 13)
#endif

uint32_t tinynn_cpu_features(void) {
  uint32_t features = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) features |= TINYNN_CPU_AVX2_FMA;
  if ((features & TINYNN_CPU_AVX2_FMA) && __builtin_cpu_supports("avx512f")) features |= TINYNN_CPU_AVX512F;
  if ((features & TINYNN_CPU_AVX2_FMA) && __builtin_cpu_supports("avxvnni")) features |= TINYNN_CPU_AVX_VNNI;
  if ((features & TINYNN_CPU_AVX512F) && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
    features |= TINYNN_CPU_AVX512_VNNI;
#elif defined(__aarch64__)
  features |= TINYNN_CPU_NEON;
#if defined(__linux__)
  if (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCT) {
    features |= TINYNN_CPU_NEON_DOT_PRODUCT;
    if (getauxval(AT_HWCAP2) & HWCAP2_INT8_MATRIX_MULTIPLY) features |= TINYNN_CPU_NEON_I8MM;
  }
#else
#if defined(__ARM_FEATURE_DOTPROD)
  features |= TINYNN_CPU_NEON_DOT_PRODUCT;
#if defined(__ARM_FEATURE_MATMUL_INT8)
  features |= TINYNN_CPU_NEON_I8MM;
#endif
#endif
#endif
#elif defined(__arm__)
  features |= TINYNN_CPU_ARM;
#endif
  return features;
}
