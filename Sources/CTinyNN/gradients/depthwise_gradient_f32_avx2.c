#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

#define LANES 8
#define DEPTHWISE_GRADIENT tinynn_depthwise_gradient_f32_avx2
#include "depthwise_gradient_f32.h"

#pragma clang attribute pop

#endif
