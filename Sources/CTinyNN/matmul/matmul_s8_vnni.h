// What the int8 matrix multiplications with unsigned by signed dot products of four bytes have in common. The including
// file defines LANES and dotProduct(sum, unsigned bytes, signed bytes), and then includes matmul_s8.h.
//
// Weights w become unsigned as w + 128, so that rows are broadcast from memory as they are; that adds 128 * x to the sums
// of all columns.

typedef IntVector Activations;
typedef IntVector Weights;
typedef IntVector Sum;

#define GROUP 1
#define UNIT_ROWS 1

INLINE Activations loadActivations(const int8_t *const x[1], int steps) {
  int32_t four;
  __builtin_memcpy(&four, x[0], 4);
  return (IntVector)four;
}

INLINE Weights loadWeights(const int8_t *w, int steps) {
  return *(const UnalignedIntVector *)w ^ (IntVector)(int32_t)0x80808080u;
}

INLINE Sum addProducts(Sum sum, Activations a, Weights w, int steps) { return dotProduct(sum, w, a); }

INLINE void finish(Sum sum, IntVector result[1]) { result[0] = sum; }

#define ROW_CORRECTION

INLINE int32_t rowCorrection(const int8_t *x, int32_t channels) {
  IntVector ones = (IntVector)0x01010101, sums = 0;
  int32_t channel = 0, sum = 0;
  for (; channel + 4 * LANES <= channels; channel += 4 * LANES)
    sums = dotProduct(sums, ones, *(const UnalignedIntVector *)(x + channel));
  for (; channel < channels; channel++) sum += x[channel];
  for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
  return -128 * sum;
}
