#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#include "../vectors/vector_s8.h"

#define MULTIPLY tinynn_multiply_s8_avx2
#include "multiply_s8.h"

#pragma clang attribute pop

#endif
