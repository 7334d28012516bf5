// Template of the matrix multiplication kernels. The including file defines
//   LANES         floats of a vector, a divisor of 16
//   TILE_ROWS     rows of the largest tile: its accumulators stay in registers
//   TILE_VECTORS  vectors of its columns
//   NARROW_VECTORS  optional: vectors of the tiles for the columns that are left
//   MATMUL        the function's name
// and sets the instruction set.
//
// A tile keeps rows x vectors accumulators in registers over the whole chain of products, so the order of accumulation
// does not depend on the tile's size. Panels of weights are the outer loop: a panel is read from the nearest cache for
// all rows but the first tile's.

#include "../kernels.h"
#include "../vectors/vector.h"

#define PANEL TINYNN_PANEL_COLUMNS
#define MAXIMUM_ROWS 8
#define MAXIMUM_VECTORS 8
// Tiles of fewer vectors take what is left of the columns.
#define NARROW_ROWS MAXIMUM_ROWS
#if !defined(NARROW_VECTORS)
#define NARROW_VECTORS 1
#endif

INLINE const float *sourceRow(const TinyNNMatMulF32 *m, int32_t row, int32_t tap) {
  int64_t index = (int64_t)row * m->taps + tap;
  if (!m->offsets) return m->input + index * m->channels;
  int32_t offset = m->offsets[index];
  return offset < 0 ? m->zeros : m->input + offset;
}

INLINE int64_t weightOffset(int vector, int64_t panelStride) {
  return vector * LANES / PANEL * panelStride + vector * LANES % PANEL;
}

// What a step of four channels reads of a row. With four lanes it is one vector, because a multiply-add takes its
// factor from any lane; otherwise each value is broadcast from memory.
#if LANES == 4
typedef Vector RowStep;
INLINE RowStep rowStep(const float *x) { return load(x); }
#else
typedef const float *RowStep;
INLINE RowStep rowStep(const float *x) { return x; }
#endif

typedef struct {
  Vector sums[MAXIMUM_ROWS][MAXIMUM_VECTORS];
} Accumulators;

// Adds one channel of every row times one row of weights; of rows and weights, the fewer are kept in registers.
INLINE void accumulate(
    Accumulators *a, const float x[MAXIMUM_ROWS], const float *weights, int64_t panelStride, int rows, int vectors) {
  if (vectors <= rows) {
    Vector w[MAXIMUM_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) w[v] = load(weights + weightOffset(v, panelStride));
    UNROLL for (int r = 0; r < rows; r++) {
      Vector value = splat(x[r]);
      UNROLL for (int v = 0; v < vectors; v++) a->sums[r][v] = multiplyAdd(value, w[v], a->sums[r][v]);
    }
  } else {
    Vector values[MAXIMUM_ROWS];
    UNROLL for (int r = 0; r < rows; r++) values[r] = splat(x[r]);
    UNROLL for (int v = 0; v < vectors; v++) {
      Vector w = load(weights + weightOffset(v, panelStride));
      UNROLL for (int r = 0; r < rows; r++) a->sums[r][v] = multiplyAdd(values[r], w, a->sums[r][v]);
    }
  }
}

// A step reads four cache lines of each panel. This asks for one of the four at the same place of the panels that come
// next; row tiles take turns (`slice`), so those panels are near when the columns before them are done.
INLINE void prefetchNext(const float *weights, int64_t panelStride, int vectors, int32_t slice) {
  int panels = (vectors * LANES + PANEL - 1) / PANEL;
  UNROLL for (int p = 0; p < panels; p++)
    __builtin_prefetch(weights + (panels + p) * panelStride + slice * PANEL, 0, 2);
}

static __attribute__((noinline)) void copyBlock(const float *source, int32_t sourceStride, float *output,
                                                int64_t outputStride, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++)
    for (int32_t c = 0; c < columns; c++) output[r * outputStride + c] = source[r * sourceStride + c];
}

INLINE void tile(const TinyNNMatMulF32 *m, int32_t row, int32_t column, int rows, int vectors, int32_t slice) {
  int64_t panelStride = (int64_t)m->taps * m->channels * PANEL;
  const float *weights = m->weights + column / PANEL * panelStride + column % PANEL;
  Accumulators a;
  UNROLL for (int v = 0; v < vectors; v++) {
    Vector bias = load(m->bias + column + v * LANES);
    UNROLL for (int r = 0; r < rows; r++) a.sums[r][v] = bias;
  }
  int32_t channels = m->channels;
  for (int32_t tap = 0; tap < m->taps; tap++) {
    const float *x[MAXIMUM_ROWS];
    UNROLL for (int r = 0; r < rows; r++) x[r] = sourceRow(m, row + r, tap);
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
      RowStep step[MAXIMUM_ROWS];
      UNROLL for (int r = 0; r < rows; r++) step[r] = rowStep(x[r] + channel);
      UNROLL for (int i = 0; i < 4; i++) {
        float values[MAXIMUM_ROWS];
        UNROLL for (int r = 0; r < rows; r++) values[r] = step[r][i];
        accumulate(&a, values, weights + i * PANEL, panelStride, rows, vectors);
      }
      if (vectors <= TILE_VECTORS) prefetchNext(weights, panelStride, vectors, slice);
      weights += 4 * PANEL;
    }
    for (; channel < channels; channel++) {
      float values[MAXIMUM_ROWS];
      UNROLL for (int r = 0; r < rows; r++) values[r] = x[r][channel];
      accumulate(&a, values, weights, panelStride, rows, vectors);
      weights += PANEL;
    }
  }
  if (m->minimum != -__builtin_inff() || m->maximum != __builtin_inff()) {
    Vector minimum = splat(m->minimum), maximum = splat(m->maximum);
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < vectors; v++) a.sums[r][v] = clamp(a.sums[r][v], minimum, maximum);
    }
  }
  int64_t outputStride = m->outputStride;
  float *output = m->output + row * outputStride + column;
  if (column + vectors * LANES <= m->columns) {
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        store(output + r * outputStride + v * LANES, a.sums[r][v]);
  } else {
    float values[MAXIMUM_ROWS * MAXIMUM_VECTORS * LANES];
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        store(values + (r * vectors + v) * LANES, a.sums[r][v]);
    copyBlock(values, vectors * LANES, output, outputStride, rows, m->columns - column);
  }
}

INLINE void rowTile(const TinyNNMatMulF32 *m, int32_t row, int32_t column, int32_t rows, int maximumRows, int vectors,
                    int32_t slice) {
  switch (rows) {
  case 1: return tile(m, row, column, 1, vectors, slice);
  case 2: return tile(m, row, column, 2, vectors, slice);
  case 3: return tile(m, row, column, 3, vectors, slice);
  case 4: return tile(m, row, column, 4, vectors, slice);
  case 5: return tile(m, row, column, 5, vectors, slice);
  case 6: return tile(m, row, column, maximumRows < 6 ? maximumRows : 6, vectors, slice);
  case 7: return tile(m, row, column, maximumRows < 7 ? maximumRows : 7, vectors, slice);
  case 8: return tile(m, row, column, maximumRows < 8 ? maximumRows : 8, vectors, slice);
  }
}

// All rows of a tile's columns, in tiles as even as possible, so that none has too few rows to fill the pipelines.
INLINE void allRows(const TinyNNMatMulF32 *m, int32_t column, int maximumRows, int vectors) {
  int32_t tiles = (m->rows + maximumRows - 1) / maximumRows;
  for (int32_t index = 0, row = 0; index < tiles; index++) {
    int32_t rows = m->rows / tiles + (index < m->rows % tiles ? 1 : 0);
    rowTile(m, row, column, rows, maximumRows, vectors, index % 4);
    row += rows;
  }
}

// Columns of a few rows, in tiles wide enough to fill the pipelines; returns the first column left.
INLINE int32_t wideTiles(const TinyNNMatMulF32 *m, int rows, int vectors) {
  int32_t column = 0;
  for (; column + vectors * LANES <= m->columns; column += vectors * LANES) tile(m, 0, column, rows, vectors, 0);
  return column;
}

void MATMUL(const TinyNNMatMulF32 *m, void *context) {
  (void)context;
  int32_t column = 0;
  if (m->rows == 1) column = wideTiles(m, 1, MAXIMUM_VECTORS);
  else if (m->rows == 2) column = wideTiles(m, 2, MAXIMUM_VECTORS / 2);
  else if (m->rows == 3) column = wideTiles(m, 3, MAXIMUM_VECTORS / 2);
  for (; column + (TILE_VECTORS - 1) * LANES < m->columns; column += TILE_VECTORS * LANES)
    allRows(m, column, TILE_ROWS, TILE_VECTORS);
  for (; column < m->columns; column += NARROW_VECTORS * LANES) allRows(m, column, NARROW_ROWS, NARROW_VECTORS);
}
