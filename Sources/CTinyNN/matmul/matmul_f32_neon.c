#if defined(__aarch64__)

#define LANES 4
#define TILE_ROWS 5
#define TILE_VECTORS 4
#define NARROW_VECTORS 2
#define MATMUL tinynn_matmul_f32_neon
#include "matmul_f32.h"

#endif
