#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#define DEPTHWISE tinynn_depthwise_f32_avx2
#include "depthwise_f32.h"

#pragma clang attribute pop

#endif
