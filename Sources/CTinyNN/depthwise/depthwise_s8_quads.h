// The arithmetic of the int8 depthwise convolutions with dot products of unsigned by signed bytes in vectors of 16 int32: four
// rows of a column meet in the four bytes of a channel. The including file defines dotProduct(sum, unsigned bytes, signed bytes),
// and then includes depthwise_s8.h.

#define UNIT 16
#define PIXELS 4
#define MAXIMUM_PARTS 2

typedef IntVector Sum;
typedef IntVector Part;
typedef uint8_t RowBytes __attribute__((ext_vector_type(UNIT)));
typedef uint8_t UnalignedRowBytes __attribute__((ext_vector_type(UNIT), aligned(1), may_alias));

typedef struct {
  Part parts[MAXIMUM_PARTS];
} Column;

INLINE int roomyRows(int taps) { return (taps + 3) / 4 * 4; }
INLINE int partCount(int rows) { return (rows + 3) / 4; }

INLINE Column column(const int8_t *const *rows, int count, IntVector flips) {
  Column column;
  UNROLL for (int i = 0; i < partCount(count); i++) {
    column.parts[i] = flips;
    UNROLL for (int y = 4 * i; y < 4 * i + 4 && y < count; y++) {
      RowBytes row = *(const UnalignedRowBytes *)rows[y];
      column.parts[i] ^= __builtin_convertvector(row, IntVector) << (IntVector)(8 * (y % 4));
    }
  }
  return column;
}

// Values x become unsigned as x + 128, which prepareBlock takes for a part of the zero point.
INLINE Column loadColumn(const int8_t *const *rows, int count) { return column(rows, count, (IntVector)(int32_t)0x80808080u); }
INLINE Column loadWeights(const int8_t *const *rows, int count) { return column(rows, count, (IntVector)0); }

INLINE Sum addColumn(Sum sum, Column values, Column weights, int count) {
  UNROLL for (int i = 0; i < partCount(count); i++) sum = dotProduct(sum, values.parts[i], weights.parts[i]);
  return sum;
}

INLINE Sum loadSum(const int32_t *source) { return loadInts(source); }
INLINE Sum subtract(Sum a, Sum b) { return a - b; }
INLINE void finish(Sum sum, IntVector *result) { result[0] = sum; }
