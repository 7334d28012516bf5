// The arithmetic of the x86-64 int8 depthwise convolutions: the rows of a column in pairs of int16, for instructions that
// multiply pairs and add the two products. The including file defines multiplyAddPairs(sum, values, weights), and then
// includes depthwise_s8.h.

#define UNIT 16
#define PIXELS 4
#define MAXIMUM_PARTS 8

INLINE int roomyRows(int taps) { return (taps + 1) / 2 * 2; }

typedef struct {
  __m256i low, high;
} Sum;
typedef __m256i Part;

// Two rows meet in the pairs of a channel: [pair of rows][half of the channels].
typedef struct {
  Part parts[MAXIMUM_PARTS];
} Column;

INLINE int partCount(int rows) { return (rows + 1) / 2 * 2; }

INLINE Column loadColumn(const int8_t *const *rows, int count) {
  Column column;
  UNROLL for (int i = 0; i + 1 < count; i += 2) {
    __m128i a = _mm_loadu_si128((const __m128i_u *)rows[i]), b = _mm_loadu_si128((const __m128i_u *)rows[i + 1]);
    column.parts[i] = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
    column.parts[i + 1] = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b));
  }
  if (count % 2 == 0) return column;
  // The last row of an odd number has its own sign above it, which meets a weight of zero.
  column.parts[count - 1] = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i_u *)rows[count - 1]));
  column.parts[count] = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i_u *)(rows[count - 1] + 8)));
  return column;
}

INLINE Column loadWeights(const int8_t *const *rows, int count) {
  Column column = loadColumn(rows, count);
  if (count % 2 == 0) return column;
  column.parts[count - 1] = _mm256_and_si256(column.parts[count - 1], _mm256_set1_epi32(0xFFFF));
  column.parts[count] = _mm256_and_si256(column.parts[count], _mm256_set1_epi32(0xFFFF));
  return column;
}

INLINE Sum addColumn(Sum sum, Column values, Column weights, int count) {
  UNROLL for (int i = 0; i < count; i += 2) {
    sum.low = multiplyAddPairs(sum.low, values.parts[i], weights.parts[i]);
    sum.high = multiplyAddPairs(sum.high, values.parts[i + 1], weights.parts[i + 1]);
  }
  return sum;
}

INLINE Sum loadSum(const int32_t *source) {
  return (Sum){_mm256_loadu_si256((const __m256i_u *)source), _mm256_loadu_si256((const __m256i_u *)(source + 8))};
}
INLINE Sum subtract(Sum a, Sum b) { return (Sum){_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)}; }
INLINE void finish(Sum sum, IntVector *result) { result[0] = (IntVector)sum.low, result[1] = (IntVector)sum.high; }
