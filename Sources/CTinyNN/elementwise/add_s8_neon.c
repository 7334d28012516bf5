#if defined(__aarch64__)

#include "CTinyNN.h"

#define LANES 4
#include "../vectors/vector_s8.h"

#define ADD tinynn_add_s8_neon
#include "add_s8.h"

#endif
