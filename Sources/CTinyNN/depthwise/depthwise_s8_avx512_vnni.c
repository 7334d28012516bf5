#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)

#define LANES 16
#include "../vectors/vector_s8.h"

#define UNIT 16
#define PIXELS 4
#define MAXIMUM_PARTS 2

typedef __m512i Sum;
typedef __m512i Part;

// Four rows of a column meet in the four bytes of a channel.
typedef struct {
  Part parts[MAXIMUM_PARTS];
} Column;

INLINE int partCount(int taps) { return (taps + 3) / 4; }

INLINE Column column(const int8_t *const *rows, int taps, __m512i flips) {
  Column column;
  UNROLL for (int i = 0; i < partCount(taps); i++) {
    column.parts[i] = flips;
    UNROLL for (int y = 4 * i; y < 4 * i + 4 && y < taps; y++) {
      __m512i row = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)rows[y]));
      column.parts[i] = _mm512_xor_si512(column.parts[i], _mm512_slli_epi32(row, 8 * (y % 4)));
    }
  }
  return column;
}

// Values x become unsigned as x + 128, which prepareBlock takes for a part of the zero point.
INLINE Column loadColumn(const int8_t *const *rows, int taps) { return column(rows, taps, _mm512_set1_epi8(-128)); }
INLINE Column loadWeights(const int8_t *const *rows, int taps) { return column(rows, taps, _mm512_setzero_si512()); }

INLINE Sum addColumn(Sum sum, Column values, Column weights, int taps) {
  UNROLL for (int i = 0; i < partCount(taps); i++) sum = _mm512_dpbusd_epi32(sum, values.parts[i], weights.parts[i]);
  return sum;
}

INLINE Sum loadSum(const int32_t *source) { return _mm512_loadu_si512(source); }
INLINE Sum subtract(Sum a, Sum b) { return _mm512_sub_epi32(a, b); }
INLINE void finish(Sum sum, IntVector *result) { result[0] = (IntVector)sum; }

#define DEPTHWISE tinynn_depthwise_s8_avx512_vnni
#include "depthwise_s8.h"

#pragma clang attribute pop

#endif
