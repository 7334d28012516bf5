#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#define MATMUL tinynn_matmul_f32_avx2
#include "matmul_f32.h"

#pragma clang attribute pop

#endif
