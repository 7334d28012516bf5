#if defined(__aarch64__)

#define LANES 4
#define DEPTHWISE_GRADIENT tinynn_depthwise_gradient_f32_neon
#include "depthwise_gradient_f32.h"

#endif
