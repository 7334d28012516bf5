#if defined(__aarch64__)

#include "CTinyNN.h"

#define LANES 4
#include "../vectors/vector_s8.h"

#define MULTIPLY tinynn_multiply_s8_neon
#include "multiply_s8.h"

#endif
