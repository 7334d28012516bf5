// The arithmetic of the x86-64 int8 depthwise convolutions: the rows of a column in pairs of int16, for instructions that
// multiply pairs and add the two products. The including file defines multiplyAddPairs(sum, values, weights), and then
// includes depthwise_s8.h.

typedef __m256i Sum;
typedef struct {
  __m256i pairs[3];
} Column;

INLINE __m256i columnPair(const int8_t *first, const int8_t *second) {
  __m128i a = _mm_loadl_epi64((const __m128i_u *)first), b = _mm_loadl_epi64((const __m128i_u *)second);
  return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
}

// The last row of an odd number has its own sign above it, which meets a weight of zero.
INLINE __m256i columnLast(const int8_t *row) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i_u *)row));
}

INLINE Column loadColumn(const int8_t *const *rows, int taps) {
  Column column;
  UNROLL for (int i = 0; i < taps / 2; i++) column.pairs[i] = columnPair(rows[2 * i], rows[2 * i + 1]);
  column.pairs[taps / 2] = columnLast(rows[taps - 1]);
  return column;
}

INLINE Column loadWeights(const int8_t *const *rows, int taps) {
  Column column = loadColumn(rows, taps);
  column.pairs[taps / 2] = _mm256_and_si256(column.pairs[taps / 2], _mm256_set1_epi32(0xFFFF));
  return column;
}

INLINE Sum addColumn(Sum sum, Column values, Column weights, int taps) {
  UNROLL for (int i = 0; i < taps / 2 + 1; i++) sum = multiplyAddPairs(sum, values.pairs[i], weights.pairs[i]);
  return sum;
}

INLINE Sum loadSum(const int32_t *source) { return _mm256_loadu_si256((const __m256i_u *)source); }
INLINE Sum subtract(Sum a, Sum b) { return _mm256_sub_epi32(a, b); }
INLINE void finish(Sum sum, IntVector *result) { result[0] = (IntVector)sum; }
