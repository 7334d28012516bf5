#if defined(__aarch64__)

#define LANES 4
#define ACTIVATE tinynn_activate_f32_neon
#include "activate_f32.h"

#endif
