// What the int8 matrix multiplications with unsigned by signed dot products of four bytes have in common. The including
// file defines LANES and dotProduct(sum, unsigned bytes, signed bytes), and then includes matmul_s8.h. Deep products and few rows
// are matmul_s8_vnni_deep.h's.
//
// Rows x become unsigned as x + 128, which adds 128 times the sum of a column's weights to its sums.

typedef IntVector Activations;
typedef IntVector Weights;
typedef IntVector Sum;

#define GROUP 1
#define UNIT_ROWS 1
#define FLIPPED_ROWS 0x80

INLINE Activations loadActivations(const int8_t *const x[1], int steps) {
  int32_t four;
  __builtin_memcpy(&four, x[0], 4);
  return (IntVector)four;
}

INLINE Weights loadWeights(const int8_t *w, int steps) { return *(const UnalignedIntVector *)w; }

INLINE Sum initialSum(IntVector bias) { return bias; }

INLINE Sum addProducts(Sum sum, Activations a, Weights w, int steps) { return dotProduct(sum, a, w); }

INLINE void finish(Sum sum, IntVector result[1]) { result[0] = sum; }

// In four sums, which do not wait for each other.
INLINE IntVector columnSums(const int8_t *weights, int64_t stride, int64_t steps, IntVector bias) {
  IntVector sums[4] = {0, 0, 0, 0}, flips = (IntVector)(int32_t)0x80808080u;
  int64_t step = 0;
  for (; step + 4 <= steps; step += 4) {
  UNROLL for (int i = 0; i < 4; i++) {
      sums[i] = dotProduct(sums[i], flips, loadWeights(weights + (step + i) * stride, 1));
    }
  }
  for (; step < steps; step++) sums[0] = dotProduct(sums[0], flips, loadWeights(weights + step * stride, 1));
  return bias - (sums[0] + sums[1] + (sums[2] + sums[3]));
}

// Whether it costs less to sum each row than to sum each column and to copy the rows.
INLINE int isDeep(const TinyNNMatMulS8 *m) {
  return m->rows < 16 || (m->offsets ? m->channels >= 128 || m->taps * m->channels > 4096 : m->taps * m->channels >= 256);
}
