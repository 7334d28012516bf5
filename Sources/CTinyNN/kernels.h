// Every kernel of the build, by instruction set: one row each, with the suffixes of its functions' names. `none`: no such
// kernel. convolve_s8 has the suffix of matmul_s8.

#ifndef TINYNN_KERNELS_H
#define TINYNN_KERNELS_H

#include "CTinyNN.h"

// clang-format off
#if defined(__x86_64__)
#define KERNELS(ROW) \
  /* set                   matmul_f32, depthwise_, ~_gradient_f32, matmul_s8, depthwise_s8, add_s8, multiply_s8, activate_f32 */ \
  ROW(TINYNN_CPU_AVX2_FMA,    avx2,   avx2,   avx2, avx2,        avx2,        avx2, avx2, avx2) \
  ROW(TINYNN_CPU_AVX512F,     avx512, avx512, avx2, avx2,        avx2,        avx2, avx2, avx512) \
  ROW(TINYNN_CPU_AVX_VNNI,    avx2,   avx2,   avx2, avx_vnni,    avx_vnni,    avx2, avx2, avx2) \
  ROW(TINYNN_CPU_AVX512_VNNI, avx512, avx512, avx2, avx512_vnni, avx512_vnni, avx2, avx2, avx512)
#elif defined(__aarch64__)
#define KERNELS(ROW) \
  ROW(TINYNN_CPU_NEON,             neon, neon, neon, neon,         neon,         neon, neon, neon) \
  ROW(TINYNN_CPU_NEON_DOT_PRODUCT, neon, neon, neon, neon_dotprod, neon_dotprod, neon, neon, neon) \
  ROW(TINYNN_CPU_NEON_I8MM,        neon, neon, neon, neon_i8mm,    neon_dotprod, neon, neon, neon)
#elif defined(__arm__)
#define KERNELS(ROW) \
  ROW(TINYNN_CPU_ARM, none, none, none, arm, arm, arm, none, none)
#else
#define KERNELS(ROW)
#endif
// clang-format on

#define DECLARE(feature, matmulF32, depthwiseF32, depthwiseGradientF32, matmulS8, depthwiseS8, addS8, multiplyS8, activateF32) \
  void tinynn_matmul_f32_##matmulF32(const TinyNNMatMulF32 *, void *);                                                         \
  void tinynn_depthwise_f32_##depthwiseF32(const TinyNNDepthwiseF32 *, void *);                                                \
  void tinynn_depthwise_gradient_f32_##depthwiseGradientF32(const TinyNNDepthwiseGradientF32 *);                               \
  void tinynn_matmul_s8_##matmulS8(const TinyNNMatMulS8 *);                                                                    \
  int tinynn_convolve_s8_##matmulS8(const TinyNNConvolveS8 *);                                                                 \
  void tinynn_depthwise_s8_##depthwiseS8(const TinyNNDepthwiseS8 *);                                                           \
  void tinynn_add_s8_##addS8(const TinyNNAddS8 *);                                                                             \
  void tinynn_multiply_s8_##multiplyS8(const TinyNNMultiplyS8 *);                                                              \
  void tinynn_activate_f32_##activateF32(const TinyNNActivateF32 *);
KERNELS(DECLARE)

#endif
