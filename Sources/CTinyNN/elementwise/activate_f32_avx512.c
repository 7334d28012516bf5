#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

#define LANES 16
#define ACTIVATE tinynn_activate_f32_avx512
#include "activate_f32.h"

#pragma clang attribute pop

#endif
