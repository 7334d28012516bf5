#include "kernels.h"

#define tinynn_matmul_f32_none 0
#define tinynn_depthwise_f32_none 0
#define tinynn_depthwise_gradient_f32_none 0
#define tinynn_convolve_s8_arm 0
#define tinynn_multiply_s8_none 0
#define tinynn_activate_f32_none 0

TinyNNKernels tinynn_kernels(uint32_t feature) {
  switch (feature) {
#define ROW(name, matmulF32, depthwiseF32, depthwiseGradientF32, matmulS8, depthwiseS8, addS8, multiplyS8, activateF32)   \
  case name:                                                                                                              \
    return (TinyNNKernels){tinynn_matmul_f32_##matmulF32, tinynn_depthwise_f32_##depthwiseF32,                            \
        tinynn_depthwise_gradient_f32_##depthwiseGradientF32, tinynn_matmul_s8_##matmulS8, tinynn_convolve_s8_##matmulS8, \
        tinynn_depthwise_s8_##depthwiseS8, tinynn_add_s8_##addS8, tinynn_multiply_s8_##multiplyS8,                        \
        tinynn_activate_f32_##activateF32};
    KERNELS(ROW)
    default:
      return (TinyNNKernels){0};
  }
}
