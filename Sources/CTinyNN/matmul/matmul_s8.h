// Template of the int8 matrix multiplication kernels. The including file defines
//   LANES         int32 of a vector, a divisor of 16
//   TILE_ROWS     rows of the largest tile: its accumulators stay in registers
//   TILE_VECTORS  vectors of its columns
//   NARROW_ROWS, NARROW_VECTORS  the tile for what is left of the columns
//   MATMUL        the function's name
// sets the instruction set, includes vector_s8.h and defines the arithmetic of one vector of columns:
//   GROUP         steps of four channels that are read at once
//   UNIT_ROWS     rows whose sums share an accumulator
//   Activations, Weights, Sum
//   loadActivations(x, steps)   of UNIT_ROWS rows; steps is GROUP or 1
//   loadWeights(w, steps)       steps are PANEL_STEP bytes apart
//   addProducts(sum, activations, weights, steps)
//   finish(sum, result)         one vector of int32 for each of the UNIT_ROWS rows
//   rowCorrection(x, channels)  with ROW_CORRECTION: what to add to all sums of a row for each of its taps
// A kernel that rewrites its rows first defines, instead of MATMUL and rowCorrection, ACTIVATION_BYTES, what it writes per
// channel; it calls multiplyBlock with them.
//
// Tiles are arranged as in matmul_f32.h.

#define PANEL TINYNN_PANEL_COLUMNS
#define MAXIMUM_UNITS 8
#define MAXIMUM_VECTORS 8
// Rows whose corrections are kept at once.
#define BLOCK_ROWS 256
#if defined(ACTIVATION_BYTES)
#define ROW_CORRECTION
#else
#define ACTIVATION_BYTES 1
#endif

INLINE const int8_t *sourceRow(const TinyNNMatMulS8 *m, int32_t row, int32_t tap) {
  int64_t index = (int64_t)row * m->taps + tap;
  if (!m->offsets) return m->input + index * m->channels;
  int32_t offset = m->offsets[index];
  return offset < 0 ? m->padding : m->input + offset;
}

INLINE int64_t weightOffset(int vector, int64_t panelStride) {
  return vector * LANES / PANEL * panelStride + vector * LANES % PANEL * 4;
}

typedef struct {
  Sum sums[MAXIMUM_UNITS][MAXIMUM_VECTORS];
} Accumulators;

INLINE Activations unitActivations(const int8_t *const x[UNIT_ROWS], int32_t channel, int steps) {
  const int8_t *source[UNIT_ROWS];
  UNROLL for (int r = 0; r < UNIT_ROWS; r++) source[r] = x[r] + channel * ACTIVATION_BYTES;
  return loadActivations(source, steps);
}

// Of rows and weights, the fewer are kept in registers.
INLINE void accumulate(Accumulators *a, const int8_t *x[MAXIMUM_UNITS][UNIT_ROWS], int32_t channel,
                       const int8_t *weights, int64_t panelStride, int units, int vectors, int steps) {
  if (vectors <= units) {
    Weights w[MAXIMUM_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) w[v] = loadWeights(weights + weightOffset(v, panelStride), steps);
    UNROLL for (int u = 0; u < units; u++) {
      Activations activations = unitActivations(x[u], channel, steps);
      UNROLL for (int v = 0; v < vectors; v++) a->sums[u][v] = addProducts(a->sums[u][v], activations, w[v], steps);
    }
  } else {
    Activations activations[MAXIMUM_UNITS];
    UNROLL for (int u = 0; u < units; u++) activations[u] = unitActivations(x[u], channel, steps);
    UNROLL for (int v = 0; v < vectors; v++) {
      Weights w = loadWeights(weights + weightOffset(v, panelStride), steps);
      UNROLL for (int u = 0; u < units; u++) a->sums[u][v] = addProducts(a->sums[u][v], activations[u], w, steps);
    }
  }
}

static __attribute__((noinline)) void copyBlock(const int8_t *source, int32_t sourceStride, int8_t *output,
                                                int64_t outputStride, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++)
    for (int32_t c = 0; c < columns; c++) output[r * outputStride + c] = source[r * sourceStride + c];
}

INLINE void tile(const TinyNNMatMulS8 *m, const int32_t *corrections, int32_t row, int32_t column, int rows,
                 int vectors) {
  int units = (rows + UNIT_ROWS - 1) / UNIT_ROWS;
  int64_t panelStride = (int64_t)m->taps * m->channels * PANEL;
  const int8_t *weights = m->weights + column / PANEL * panelStride + column % PANEL * 4;
  Accumulators a;
  UNROLL for (int u = 0; u < units; u++)
    UNROLL for (int v = 0; v < vectors; v++) a.sums[u][v] = (Sum){0};
  int32_t channels = m->channels;
  for (int32_t tap = 0; tap < m->taps; tap++) {
    const int8_t *x[MAXIMUM_UNITS][UNIT_ROWS];
    UNROLL for (int r = 0; r < units * UNIT_ROWS; r++) {
      int32_t source = row + (r < rows ? r : rows - 1);
      x[r / UNIT_ROWS][r % UNIT_ROWS] =
          ACTIVATION_BYTES == 1 ? sourceRow(m, source, tap) : m->input + (int64_t)source * channels * ACTIVATION_BYTES;
    }
    int32_t channel = 0;
    for (; channel + 4 * GROUP <= channels; channel += 4 * GROUP) {
      accumulate(&a, x, channel, weights, panelStride, units, vectors, GROUP);
      weights += GROUP * PANEL * 4;
    }
    if (GROUP > 1)
      for (; channel < channels; channel += 4) {
        accumulate(&a, x, channel, weights, panelStride, units, vectors, 1);
        weights += PANEL * 4;
      }
  }
  Bounds b = bounds(m->outputZeroPoint, m->minimum, m->maximum);
  int8_t *output = m->output + (int64_t)row * m->outputStride + column;
  int64_t outputStride = m->outputStride;
  int whole = column + vectors * LANES <= m->columns;
  int8_t bytes[MAXIMUM_UNITS * UNIT_ROWS * MAXIMUM_VECTORS * LANES];
  if (!whole) output = bytes, outputStride = vectors * LANES;
  UNROLL for (int u = 0; u < units; u++) {
    Vector values[UNIT_ROWS][MAXIMUM_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) {
      IntVector sums[UNIT_ROWS], bias = loadInts(m->bias + column + v * LANES);
      Vector multiplier = load(m->multipliers + column + v * LANES);
      finish(a.sums[u][v], sums);
      UNROLL for (int r = 0; r < UNIT_ROWS; r++) {
        IntVector sum = sums[r] + bias;
#ifdef ROW_CORRECTION
        sum += (IntVector)corrections[u * UNIT_ROWS + r];
#endif
        values[r][v] = toFloat(sum) * multiplier;
      }
    }
    UNROLL for (int r = 0; r < UNIT_ROWS; r++)
      if (u * UNIT_ROWS + r < rows)
        storeQuantized(output + (u * UNIT_ROWS + r) * outputStride, values[r], vectors, b);
  }
  if (!whole)
    copyBlock(bytes, vectors * LANES, m->output + (int64_t)row * m->outputStride + column, m->outputStride, rows,
              m->columns - column);
}

INLINE void rowTile(const TinyNNMatMulS8 *m, const int32_t *corrections, int32_t row, int32_t column, int32_t rows,
                    int maximumRows, int vectors) {
  switch (rows) {
  case 1: return tile(m, corrections, row, column, 1, vectors);
  case 2: return tile(m, corrections, row, column, maximumRows < 2 ? maximumRows : 2, vectors);
  case 3: return tile(m, corrections, row, column, maximumRows < 3 ? maximumRows : 3, vectors);
  case 4: return tile(m, corrections, row, column, maximumRows < 4 ? maximumRows : 4, vectors);
  case 5: return tile(m, corrections, row, column, maximumRows < 5 ? maximumRows : 5, vectors);
  case 6: return tile(m, corrections, row, column, maximumRows < 6 ? maximumRows : 6, vectors);
  case 7: return tile(m, corrections, row, column, maximumRows < 7 ? maximumRows : 7, vectors);
  case 8: return tile(m, corrections, row, column, maximumRows < 8 ? maximumRows : 8, vectors);
  }
}

// All rows of a tile's columns, in tiles as even as possible, so that none has too few rows to fill the pipelines.
INLINE void rowTiles(const TinyNNMatMulS8 *m, const int32_t *corrections, int32_t column, int maximumRows, int vectors) {
  int32_t tiles = (m->rows + maximumRows - 1) / maximumRows;
  for (int32_t index = 0, row = 0; index < tiles; index++) {
    int32_t rows = m->rows / tiles + (index < m->rows % tiles ? 1 : 0);
    rowTile(m, corrections + row, row, column, rows, maximumRows, vectors);
    row += rows;
  }
}

INLINE void multiplyBlock(const TinyNNMatMulS8 *m, const int32_t *corrections) {
  int32_t column = 0;
  for (; column + (TILE_VECTORS - 1) * LANES < m->columns; column += TILE_VECTORS * LANES)
    rowTiles(m, corrections, column, TILE_ROWS, TILE_VECTORS);
  for (; column < m->columns; column += NARROW_VECTORS * LANES)
    rowTiles(m, corrections, column, NARROW_ROWS, NARROW_VECTORS);
}

#if defined(MATMUL)

void MATMUL(const TinyNNMatMulS8 *m) {
  for (int32_t row = 0; row < m->rows; row += BLOCK_ROWS) {
    TinyNNMatMulS8 block = *m;
    block.rows = m->rows - row < BLOCK_ROWS ? m->rows - row : BLOCK_ROWS;
    if (m->offsets) block.offsets += (int64_t)row * m->taps;
    else block.input += (int64_t)row * m->taps * m->channels;
    block.output += (int64_t)row * m->outputStride;
    int32_t corrections[BLOCK_ROWS];
#ifdef ROW_CORRECTION
    for (int32_t r = 0; r < block.rows; r++) {
      corrections[r] = 0;
      for (int32_t tap = 0; tap < m->taps; tap++) corrections[r] += rowCorrection(sourceRow(&block, r, tap), m->channels);
    }
#endif
    multiplyBlock(&block, corrections);
  }
}

#endif
