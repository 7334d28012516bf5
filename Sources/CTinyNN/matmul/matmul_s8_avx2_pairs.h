// The int8 matrix multiplication of AVX2 for few columns: rows and weights are widened to int16 on the stack, a panel of weights at
// a time, for the instruction that multiplies pairs and adds the two products. Several rows share each vector of weights, so that
// eight columns cost no more than their share.
//
// Included by matmul_s8_avx2.c.

#define PAIRS_ROW_VALUES 49152
#define PAIRS_DEPTH 1024
// Below this, widening the weights costs more than it saves.
#define PAIRS_ROWS 8

// Widens `count` channels, a multiple of 4, of each run; a count known to the compiler takes half the time.
INLINE void widenRuns(
    const TinyNNMatMulS8 *m, const int8_t *input, const int32_t *offsets, int32_t runs, int32_t count, int16_t *output) {
  const int8_t *padding = m->padding;
  for (int32_t run = 0; run < runs; run++) {
    const int8_t *x = !offsets ? input : offsets[run] < 0 ? padding : input + offsets[run];
    int32_t i = 0;
    for (; i + 16 <= count; i += 16, output += 16)
      _mm256_storeu_si256((__m256i_u *)output, _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i_u *)(x + i))));
    if (count & 8) {
      _mm_storeu_si128((__m128i_u *)output, _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i_u *)(x + i))));
      i += 8, output += 8;
    }
    if (count & 4) {
      _mm_storel_epi64((__m128i_u *)output, _mm_cvtepi8_epi16(_mm_loadu_si32(x + i)));
      output += 4;
    }
  }
}

// Widens the rows, whatever they are read from, to [rows][depth].
INLINE void widenRows(const TinyNNMatMulS8 *m, int32_t firstRow, int32_t rows, int16_t *output) {
  // Contiguous rows are as one.
  if (!m->offsets)
    return widenRuns(m, m->input + (int64_t)firstRow * m->taps * m->channels, NULL, 1, rows * m->taps * m->channels, output);
  const int32_t *offsets = m->offsets + (int64_t)firstRow * m->taps;
  int32_t runs = rows * m->taps;
  // clang-format off
  switch (m->channels) {
#define CHANNELS(count) \
  case count: return widenRuns(m, m->input, offsets, runs, count, output);
    CHANNELS(8) CHANNELS(16) CHANNELS(24) CHANNELS(32)
#undef CHANNELS
  default: widenRuns(m, m->input, offsets, runs, m->channels, output);
  }
  // clang-format on
}

// Widens `vectors` vectors of eight columns: [depth / 4][columns][4] int8 to [depth / 2][columns][2] int16.
INLINE void widenWeights(const int8_t *weights, int32_t depth, int vectors, int16_t *output) {
  const __m256i split = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,  //
      0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  for (int32_t channel = 0; channel < depth; channel += 4, weights += PANEL * 4, output += vectors * 32) {
  UNROLL for (int v = 0; v < vectors; v++) {
      __m256i bytes = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i_u *)(weights + v * 32)), split);
      bytes = _mm256_permute4x64_epi64(bytes, 0xD8);
      _mm256_store_si256((__m256i *)(output + v * 16), _mm256_cvtepi8_epi16(_mm256_castsi256_si128(bytes)));
      _mm256_store_si256((__m256i *)(output + (vectors + v) * 16), _mm256_cvtepi8_epi16(_mm256_extracti128_si256(bytes, 1)));
    }
  }
}

typedef struct {
  const TinyNNMatMulS8 *m;
  // [depth / 2][columns of the tile][2]
  int16_t *weights;
  // `taps` runs of `channels` values, tapStride apart. Rows start where `starts` says, or side by side.
  int32_t depth, taps, channels, tapStride;
  const int32_t *starts;
  int32_t column;
  Bounds bounds;
} PairsPanel;

INLINE void pairsTile(const PairsPanel *p, const int16_t *x, int32_t row, int rows, int vectors, int reading) {
  const TinyNNMatMulS8 *m = p->m;
  __m256i sums[8][2];
  UNROLL for (int v = 0; v < vectors; v++) {
    __m256i bias = _mm256_loadu_si256((const __m256i_u *)(m->bias + p->column + v * 8));
    UNROLL for (int r = 0; r < rows; r++) sums[r][v] = bias;
  }
  const int16_t *weights = p->weights;
  int64_t channels = reading == WINDOWS ? p->channels : p->depth;
  const int16_t *rowValues[8];
  UNROLL for (int r = 0; r < rows; r++) rowValues[r] = reading == WINDOWS ? x + p->starts[row + r] : x + r * channels;
  for (int32_t tap = 0; tap < (reading == WINDOWS ? p->taps : 1); tap++) {
    for (int64_t channel = 0; channel < channels; channel += 4) {
      UNROLL for (int i = 0; i < 4; i += 2) {
        __m256i w[2];
        UNROLL for (int v = 0; v < vectors; v++) w[v] = _mm256_load_si256((const __m256i *)(weights + (i / 2 * vectors + v) * 16));
        UNROLL for (int r = 0; r < rows; r++) {
          int32_t pair;
          __builtin_memcpy(&pair, rowValues[r] + channel + i, 4);
          __m256i values = _mm256_set1_epi32(pair);
          UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = _mm256_add_epi32(sums[r][v], _mm256_madd_epi16(values, w[v]));
        }
      }
      weights += vectors * 32;
    }
    if (reading == WINDOWS)
      UNROLL for (int r = 0; r < rows; r++) { rowValues[r] += p->tapStride; }
  }
  int8_t *output = m->output + (int64_t)row * m->outputStride + p->column;
  int64_t outputStride = m->outputStride;
  int32_t left = m->columns - p->column;
  int8_t bytes[8 * 16];
  int whole = left >= vectors * 8;
  if (!whole) output = bytes, outputStride = vectors * 8;
  Vector values[8 * 2];
  UNROLL for (int v = 0; v < vectors; v++) {
    Vector multipliers = load(m->multipliers + p->column + v * 8);
    UNROLL for (int r = 0; r < rows; r++) values[r * vectors + v] = toFloat((IntVector)sums[r][v]) * multipliers;
  }
  storeQuantizedRows(output, outputStride, values, rows, vectors, p->bounds);
  if (!whole)
    copyBlock(bytes, vectors * 8, m->output + (int64_t)row * m->outputStride + p->column, m->outputStride, rows, left);
}

INLINE void pairsRowTile(const PairsPanel *p, const int16_t *x, int32_t row, int32_t rows, int maximumRows, int vectors,
                          int reading) {
  switch (rows) {
#define ROWS(count) \
  case count: return pairsTile(p, x, row, maximumRows < count ? maximumRows : count, vectors, reading);
    ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8)
#undef ROWS
  }
}

INLINE void pairsRows(const PairsPanel *p, const int16_t *x, int32_t firstRow, int32_t count, int maximumRows, int vectors,
                      int reading) {
  int32_t tiles = (count + maximumRows - 1) / maximumRows;
  for (int32_t index = 0, row = 0; index < tiles; index++) {
    int32_t rows = count / tiles + (index < count % tiles ? 1 : 0);
    const int16_t *first = reading == WINDOWS ? x : x + (int64_t)row * p->depth;
    pairsRowTile(p, first, firstRow + row, rows, maximumRows, vectors, reading);
    row += rows;
  }
}

// The columns from `column` on of some rows.
INLINE void pairsColumns(PairsPanel *p, const int16_t *rows, int32_t firstRow, int32_t count, int32_t column, int reading) {
  for (p->column = column; p->column < p->m->columns; p->column += PANEL) {
    const int8_t *source = p->m->weights + (int64_t)p->column * p->depth;
    if (p->m->columns - p->column > 8) {
      widenWeights(source, p->depth, 2, p->weights);
      pairsRows(p, rows, firstRow, count, 4, 2, reading);
    } else {
      widenWeights(source, p->depth, 1, p->weights);
      pairsRows(p, rows, firstRow, count, 8, 1, reading);
    }
  }
}

// The columns from `firstColumn`.
static __attribute__((noinline)) void multiplyPairs(const TinyNNMatMulS8 *m, int32_t firstColumn) {
  _Alignas(32) int16_t rows[PAIRS_ROW_VALUES], weights[PAIRS_DEPTH * PANEL];
  int32_t depth = m->taps * m->channels, blockRows = PAIRS_ROW_VALUES / depth;
  PairsPanel p = {.m = m, .weights = weights, .depth = depth, .bounds = bounds(m->outputZeroPoint, m->minimum, m->maximum)};
  for (int32_t row = 0; row < m->rows; row += blockRows) {
    int32_t count = m->rows - row < blockRows ? m->rows - row : blockRows;
    widenRows(m, row, count, rows);
    pairsColumns(&p, rows, row, count, firstColumn, CONTIGUOUS);
  }
}
