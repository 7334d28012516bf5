// The int8 matrix multiplications of matmul_s8_vnni.h for deep products and few rows, read where they are. The including file
// defines MULTIPLY_DEEP, the function's name, the tiles of matmul_s8.h and what matmul_s8_vnni.h wants.
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

INLINE Sum initialSum(IntVector bias) { return bias; }

#define ROW_CORRECTION
#include "matmul_s8.h"

INLINE IntVector addChannels(IntVector sums, const int8_t *x, int32_t channels) {
  const IntVector ones = (IntVector)0x01010101;
  int32_t channel = 0;
  for (; channel + 4 * LANES <= channels; channel += 4 * LANES)
    sums = dotProduct(sums, ones, *(const UnalignedIntVector *)(x + channel));
  if (channel == channels) return sums;
  IntVector last = 0;
  for (int lane = 0; channel < channels; lane++, channel += 4) {
    int32_t four;
    __builtin_memcpy(&four, x + channel, 4);
    last[lane] = four;
  }
  return dotProduct(sums, ones, last);
}

void MULTIPLY_DEEP(const TinyNNMatMulS8 *m) {
  for (int32_t row = 0; row < m->rows; row += BLOCK_ROWS) {
    TinyNNMatMulS8 block = *m;
    block.rows = m->rows - row < BLOCK_ROWS ? m->rows - row : BLOCK_ROWS;
    if (m->offsets)
      block.offsets += (int64_t)row * m->taps;
    else
      block.taps = 1, block.channels = m->taps * m->channels, block.input += (int64_t)row * block.channels;
    block.output += (int64_t)row * m->outputStride;
    int32_t corrections[BLOCK_ROWS];
    for (int32_t r = 0; r < block.rows; r++) {
      IntVector sums = 0;
      for (int32_t tap = 0; tap < block.taps; tap++) sums = addChannels(sums, sourceRow(&block, r, tap), block.channels);
      corrections[r] = -128 * __builtin_reduce_add(sums);
    }
    multiplyBlock(&block, corrections);
  }
}
