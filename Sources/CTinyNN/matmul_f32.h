// Template of the matrix multiplication kernels. The including file defines
//   LANES         floats of a vector, a divisor of 16
//   TILE_ROWS     rows of the largest tile: its accumulators stay in registers
//   TILE_VECTORS  vectors of its columns
//   MATMUL        the function's name
// and sets the instruction set.
//
// A tile keeps rows x vectors accumulators in registers over the whole chain of products, so the order of accumulation
// does not depend on the tile's size. Panels of weights are the outer loop: a panel is read from the nearest cache for
// all rows but the first tile's.

#include "CTinyNN.h"
#include "vector.h"

#define PANEL TINYNN_PANEL_COLUMNS
#define MAXIMUM_VECTORS 8

INLINE const float *sourceRow(const TinyNNMatMulF32 *m, int32_t row, int32_t tap) {
  int64_t index = (int64_t)row * m->taps + tap;
  if (!m->offsets) return m->input + index * m->channels;
  int32_t offset = m->offsets[index];
  return offset < 0 ? m->zeros : m->input + offset;
}

INLINE int64_t weightOffset(int vector, int64_t panelStride) {
  return vector * LANES / PANEL * panelStride + vector * LANES % PANEL;
}

// What a step of four channels reads of a row. With four lanes it is one vector, because a multiply-add takes its factor
// from any lane; otherwise each value is broadcast from memory.
#if LANES == 4
typedef Vector RowStep;
INLINE RowStep rowStep(const float *x) { return load(x); }
#else
typedef const float *RowStep;
INLINE RowStep rowStep(const float *x) { return x; }
#endif

typedef struct {
  Vector sums[TILE_ROWS][MAXIMUM_VECTORS];
} Accumulators;

// Adds one channel of every row times one row of weights; of rows and weights, the fewer are kept in registers.
INLINE void accumulate(Accumulators *a, const float x[TILE_ROWS], const float *weights, int64_t panelStride, int rows,
                       int vectors) {
  if (vectors <= rows) {
    Vector w[MAXIMUM_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) w[v] = load(weights + weightOffset(v, panelStride));
    UNROLL for (int r = 0; r < rows; r++) {
      Vector value = splat(x[r]);
      UNROLL for (int v = 0; v < vectors; v++) a->sums[r][v] = multiplyAdd(value, w[v], a->sums[r][v]);
    }
  } else {
    Vector values[TILE_ROWS];
    UNROLL for (int r = 0; r < rows; r++) values[r] = splat(x[r]);
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector w = load(weights + weightOffset(v, panelStride));
      UNROLL for (int r = 0; r < rows; r++) a->sums[r][v] = multiplyAdd(values[r], w, a->sums[r][v]);
    }
  }
}

INLINE void tile(const TinyNNMatMulF32 *m, int32_t row, int32_t column, int rows, int vectors) {
  int64_t panelStride = (int64_t)m->taps * m->channels * PANEL;
  const float *weights = m->weights + column / PANEL * panelStride + column % PANEL;
  Accumulators a;
  UNROLL for (int v = 0; v < vectors; v++) {
    Vector bias = load(m->bias + column + v * LANES);
    UNROLL for (int r = 0; r < rows; r++) a.sums[r][v] = bias;
  }
  int32_t channels = m->channels;
  for (int32_t tap = 0; tap < m->taps; tap++) {
    const float *x[TILE_ROWS];
    UNROLL for (int r = 0; r < rows; r++) x[r] = sourceRow(m, row + r, tap);
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
      RowStep step[TILE_ROWS];
      UNROLL for (int r = 0; r < rows; r++) step[r] = rowStep(x[r] + channel);
      UNROLL for (int i = 0; i < 4; i++) {
        float values[TILE_ROWS];
        UNROLL for (int r = 0; r < rows; r++) values[r] = step[r][i];
        accumulate(&a, values, weights + i * PANEL, panelStride, rows, vectors);
      }
      weights += 4 * PANEL;
    }
    for (; channel < channels; channel++) {
      float values[TILE_ROWS];
      UNROLL for (int r = 0; r < rows; r++) values[r] = x[r][channel];
      accumulate(&a, values, weights, panelStride, rows, vectors);
      weights += PANEL;
    }
  }
  Vector minimum = splat(m->minimum), maximum = splat(m->maximum);
  UNROLL for (int r = 0; r < rows; r++) {
    float *output = m->output + (int64_t)(row + r) * m->outputStride + column;
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector value = clamp(a.sums[r][v], minimum, maximum);
      int32_t count = m->columns - column - v * LANES;
      if (count >= LANES) store(output + v * LANES, value);
      else if (count > 0) storeFirst(output + v * LANES, value, count);
    }
  }
}

INLINE void rowTile(const TinyNNMatMulF32 *m, int32_t row, int32_t column, int32_t rows, int vectors) {
  switch (rows) {
  case 1: tile(m, row, column, 1, vectors); break;
  case 2: tile(m, row, column, 2, vectors); break;
  case 3: tile(m, row, column, 3, vectors); break;
  case 4: tile(m, row, column, 4, vectors); break;
  case 5: tile(m, row, column, 5, vectors); break;
  case 6: tile(m, row, column, 6, vectors); break;
#if TILE_ROWS > 6
  case 7: tile(m, row, column, 7, vectors); break;
  case 8: tile(m, row, column, 8, vectors); break;
#endif
  }
}

// Tiles of at most TILE_ROWS rows, as even as possible, so that none has too few rows to fill the pipelines.
INLINE int32_t manyRows(const TinyNNMatMulF32 *m, int32_t column, int vectors) {
  int32_t paddedColumns = (m->columns + PANEL - 1) / PANEL * PANEL;
  int32_t tiles = (m->rows + TILE_ROWS - 1) / TILE_ROWS;
  for (; column + vectors * LANES <= paddedColumns; column += vectors * LANES) {
    for (int32_t index = 0, row = 0; index < tiles; index++) {
      int32_t rows = m->rows / tiles + (index < m->rows % tiles ? 1 : 0);
      rowTile(m, row, column, rows, vectors);
      row += rows;
    }
  }
  return column;
}

INLINE int32_t fewRows(const TinyNNMatMulF32 *m, int32_t column, int rows, int vectors) {
  int32_t paddedColumns = (m->columns + PANEL - 1) / PANEL * PANEL;
  for (; column + vectors * LANES <= paddedColumns; column += vectors * LANES) tile(m, 0, column, rows, vectors);
  return column;
}

void MATMUL(const TinyNNMatMulF32 *m, void *context) {
  (void)context;
  int32_t column = 0;
  switch (m->rows) {
  case 1:
    column = fewRows(m, column, 1, 8);
    break;
  case 2:
    column = fewRows(m, column, 2, 4);
    break;
  case 3:
    column = fewRows(m, column, 3, 4);
    break;
  }
  column = manyRows(m, column, TILE_VECTORS);
  if (TILE_VECTORS * LANES > PANEL) manyRows(m, column, PANEL / LANES);
}
