// The int8 matrix multiplication of a template, MATMUL: rows that are read in pieces are copied side by side first. Included by
// matmul_s8.h.

typedef uint8_t EightBytes __attribute__((ext_vector_type(8), aligned(1), may_alias));
typedef uint8_t FourBytes __attribute__((ext_vector_type(4), aligned(1), may_alias));

INLINE void copyRun(const int8_t *x, int32_t channels, int8_t *output) {
  int32_t i = 0;
  for (; i + 16 <= channels; i += 16) *(SixteenBytes *)(output + i) = *(const SixteenBytes *)(x + i) ^ FLIPPED_ROWS;
  if (channels & 8) *(EightBytes *)(output + i) = *(const EightBytes *)(x + i) ^ FLIPPED_ROWS, i += 8;
  if (channels & 4) *(FourBytes *)(output + i) = *(const FourBytes *)(x + i) ^ FLIPPED_ROWS;
}

// Copies the runs side by side; a count known to the compiler takes half the time.
INLINE void copyRuns(const TinyNNMatMulS8 *m, const int32_t *offsets, int32_t runs, int32_t channels, int8_t *output) {
  for (; runs > 0; runs--, offsets++, output += channels)
    copyRun(*offsets < 0 ? m->padding : m->input + *offsets, channels, output);
}

static __attribute__((noinline)) void gatherRows(const TinyNNMatMulS8 *m, int32_t firstRow, int32_t rows, int8_t *output) {
  int64_t first = (int64_t)firstRow * m->taps;
  // Contiguous rows are as one.
  if (!m->offsets) return copyRun(m->input + first * m->channels, rows * m->taps * m->channels, output);
  const int32_t *offsets = m->offsets + first;
  int32_t runs = rows * m->taps;
  // clang-format off
  switch (m->channels) {
#define CHANNELS(count) \
  case count: return copyRuns(m, offsets, runs, count, output);
    CHANNELS(8) CHANNELS(16) CHANNELS(24) CHANNELS(32) CHANNELS(64)
#undef CHANNELS
  default: copyRuns(m, offsets, runs, m->channels, output);
  }
  // clang-format on
}

void MATMUL(const TinyNNMatMulS8 *m) {
  int64_t depth = (int64_t)m->taps * m->channels;
  int gathers = FLIPPED_ROWS || (m->offsets && m->channels < GATHERED_CHANNELS && depth * 4 <= GATHERED_BYTES);
  _Alignas(64) int8_t gathered[GATHERED_BYTES];
  int32_t blockRows = gathers ? GATHERED_BYTES / (int32_t)depth : m->rows;
  for (int32_t row = 0; row < m->rows; row += blockRows) {
    TinyNNMatMulS8 block = *m;
    block.rows = m->rows - row < blockRows ? m->rows - row : blockRows;
    block.output += (int64_t)row * m->outputStride;
    if (gathers) {
      gatherRows(m, row, block.rows, gathered);
      block.input = gathered, block.offsets = NULL;
    }
    if (!block.offsets) block.taps = 1, block.channels = (int32_t)depth;
    multiplyBlock(&block, NULL);
  }
}
