#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

#define LANES 16
#define TILE_ROWS 8
#define TILE_VECTORS 2
#define MATMUL tinynn_matmul_f32_avx512
#include "matmul_f32.h"

#pragma clang attribute pop

#endif
