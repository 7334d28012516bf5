#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#define ACTIVATE tinynn_activate_f32_avx2
#include "activate_f32.h"

#pragma clang attribute pop

#endif
