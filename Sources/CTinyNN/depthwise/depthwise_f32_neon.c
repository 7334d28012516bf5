#if defined(__aarch64__)

#define LANES 4
#define DEPTHWISE tinynn_depthwise_f32_neon
#include "depthwise_f32.h"

#endif
