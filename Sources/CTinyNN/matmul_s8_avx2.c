#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#include "vector_s8.h"

// The instruction multiplies unsigned by signed bytes and adds pairs to int16. x * w is |x| * w, negated where x < 0, and
// -w is (w ^ -1) + 1: so the sum of |x| * (w ^ sign) lacks |x| where x < 0, for every column the same. |x| <= 128 and
// |w| <= 127 keep each pair in -32768...32512: the pair of -128 * (127 ^ -1) is the lowest.
typedef struct {
  __m256i magnitude, sign;
} Activations;
typedef __m256i Weights;
typedef __m256i Sum;

#define GROUP 1
#define UNIT_ROWS 1

INLINE Activations loadActivations(const int8_t *const x[1], int steps) {
  int32_t four;
  __builtin_memcpy(&four, x[0], 4);
  __m256i value = _mm256_set1_epi32(four);
  return (Activations){_mm256_abs_epi8(value), _mm256_cmpgt_epi8(_mm256_setzero_si256(), value)};
}

INLINE Weights loadWeights(const int8_t *w, int steps) { return _mm256_loadu_si256((const __m256i_u *)w); }

INLINE Sum addProducts(Sum sum, Activations a, Weights w, int steps) {
  __m256i pairs = _mm256_maddubs_epi16(a.magnitude, _mm256_xor_si256(w, a.sign));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE void finish(Sum sum, IntVector result[1]) { result[0] = (IntVector)sum; }

#define ROW_CORRECTION

INLINE int32_t rowCorrection(const int8_t *x, int32_t channels) {
  __m256i sums = _mm256_setzero_si256();
  int32_t channel = 0, sum = 0;
  for (; channel + 32 <= channels; channel += 32) {
    __m256i negative = _mm256_min_epi8(_mm256_loadu_si256((const __m256i_u *)(x + channel)), _mm256_setzero_si256());
    sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_abs_epi8(negative), _mm256_setzero_si256()));
  }
  for (; channel + 8 <= channels; channel += 8) {
    __m128i negative = _mm_min_epi8(_mm_loadl_epi64((const __m128i_u *)(x + channel)), _mm_setzero_si128());
    __m128i sad = _mm_sad_epu8(_mm_abs_epi8(negative), _mm_setzero_si128());
    sums = _mm256_add_epi64(sums, _mm256_zextsi128_si256(sad));
  }
  for (; channel < channels; channel++) sum += x[channel] < 0 ? -x[channel] : 0;
  __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  return sum + _mm_cvtsi128_si32(halves) + _mm_extract_epi32(halves, 2);
}

#define TILE_ROWS 1
#define TILE_VECTORS 8
#define NARROW_ROWS 4
#define NARROW_VECTORS 2
#define MATMUL tinynn_matmul_s8_avx2
#include "matmul_s8.h"

#pragma clang attribute pop

#endif
