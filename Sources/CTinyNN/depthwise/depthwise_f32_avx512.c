#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

#define LANES 16
#define DEPTHWISE tinynn_depthwise_f32_avx512
#include "depthwise_f32.h"

#pragma clang attribute pop

#endif
