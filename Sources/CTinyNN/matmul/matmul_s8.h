// Template of the int8 matrix multiplication kernels. The including file defines
//   LANES         int32 of a vector, a divisor of 16
//   TILE_ROWS     rows of the largest tile: its accumulators stay in registers
//   TILE_VECTORS  vectors of its columns
//   NARROW_ROWS, NARROW_VECTORS  the tile for what is left of the columns
//   MATMUL, CONVOLVE  the functions' names: of matrix products, of convolutions
// sets the instruction set, includes vector_s8.h and defines the arithmetic of one vector of columns:
//   GROUP         steps of four channels that are read at once
//   UNIT_ROWS     rows whose sums share an accumulator
//   Activations, Weights, Sum
//   loadActivations(x, steps)   of UNIT_ROWS rows; steps is GROUP, half of it or 1
//   loadWeights(w, steps)       steps are PANEL_STEP bytes apart
//   initialSum(bias)            of a vector of columns
//   addProducts(sum, activations, weights, steps)
//   finish(sum, result)         one vector of int32 for each of the UNIT_ROWS rows
// With FLIPPED_ROWS, activations are x + 128 as unsigned bytes, and
//   columnSums(w, stride, steps, sums)  subtracts 128 times the sums of each column's weights, `steps` times four
// With LAST_COLUMNS
//   multiplyLast(block, column)  is another kernel for this many columns, or fewer, that are left
// A kernel whose sums lack something for each row defines ROW_CORRECTION and no MATMUL, and calls multiplyBlock with the
// corrections; if it rewrites the rows, also ACTIVATION_BYTES, what it writes per channel.
//
// Tiles are arranged as in matmul_f32.h.

#include <stddef.h>

#define PANEL TINYNN_PANEL_COLUMNS
#define MAXIMUM_UNITS 8
#define MAXIMUM_VECTORS 8
// Rows with fewer channels at each tap are copied together, on the stack, as many as fit.
#if defined(FLIPPED_ROWS)
#define GATHERED_BYTES 98304
#else
#define FLIPPED_ROWS 0
#define GATHERED_BYTES 32768
#endif
#define GATHERED_CHANNELS 128
// Whether blocks may read their rows through offsets.
#if !defined(MAY_BE_INDIRECT)
#define MAY_BE_INDIRECT (!FLIPPED_ROWS && ACTIVATION_BYTES == 1)
#endif
#if !defined(LAST_COLUMNS)
#define LAST_COLUMNS 0
#endif
// Rows whose corrections are kept at once.
#define BLOCK_ROWS 256
#if !defined(ACTIVATION_BYTES)
#define ACTIVATION_BYTES 1
#endif

// How the rows of a block are read: side by side, through an offset for each tap, or as windows, through `tapStride`.
enum { CONTIGUOUS, INDIRECT, WINDOWS };

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
  if (vectors * (GROUP > 2 ? steps : 1) <= units) {
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

// The first `columns` bytes, fewer than 64, of each row.
static __attribute__((noinline)) void copyBlock(
    const int8_t *source, int32_t sourceStride, int8_t *output, int64_t outputStride, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++) {
    const int8_t *from = source + r * sourceStride;
    int8_t *to = output + r * outputStride;
    if (columns & 32) __builtin_memcpy(to, from, 32), to += 32, from += 32;
    if (columns & 16) __builtin_memcpy(to, from, 16), to += 16, from += 16;
    if (columns & 8) __builtin_memcpy(to, from, 8), to += 8, from += 8;
    if (columns & 4) __builtin_memcpy(to, from, 4), to += 4, from += 4;
    for (int32_t c = 0; c < (columns & 3); c++) to[c] = from[c];
  }
}

INLINE void tile(const TinyNNMatMulS8 *m, const int32_t *biases, const int32_t *corrections, int32_t row, int32_t column,
                 int rows, int vectors, int reading) {
  int units = (rows + UNIT_ROWS - 1) / UNIT_ROWS;
  int64_t panelStride = (int64_t)m->taps * m->channels * PANEL;
  const int8_t *weights = m->weights + column / PANEL * panelStride + column % PANEL * 4;
  Accumulators a;
  UNROLL for (int v = 0; v < vectors; v++) {
    IntVector bias = loadInts(biases + v * LANES);
#ifdef ROW_CORRECTION
    UNROLL for (int u = 0; u < units; u++) a.sums[u][v] = initialSum(bias + (IntVector)corrections[u]);
#else
    Sum initial = initialSum(bias);
    UNROLL for (int u = 0; u < units; u++) a.sums[u][v] = initial;
#endif
  }
  int32_t channels = m->channels;
  const int8_t *x[MAXIMUM_UNITS][UNIT_ROWS], *next = m->input + (int64_t)row * channels * ACTIVATION_BYTES;
  UNROLL for (int r = 0; r < units * UNIT_ROWS; r++) {
    if (reading == WINDOWS) next = m->input + m->offsets[row + (r < rows ? r : rows - 1)];
    x[r / UNIT_ROWS][r % UNIT_ROWS] = next;
    if (r + 1 < rows) next += channels * ACTIVATION_BYTES;
  }
  for (int32_t tap = 0; tap < (reading == CONTIGUOUS ? 1 : m->taps); tap++) {
    if (reading == INDIRECT)
      UNROLL for (int r = 0; r < units * UNIT_ROWS; r++) {
        x[r / UNIT_ROWS][r % UNIT_ROWS] = sourceRow(m, row + (r < rows ? r : rows - 1), tap);
      }
    int32_t channel = 0;
    for (; channel + 4 * GROUP <= channels; channel += 4 * GROUP) {
      accumulate(&a, x, channel, weights, panelStride, units, vectors, GROUP);
      weights += GROUP * PANEL * 4;
    }
    if (GROUP > 2 && channel + 8 <= channels) {
      accumulate(&a, x, channel, weights, panelStride, units, vectors, 2);
      channel += 8, weights += 2 * PANEL * 4;
    }
    if (GROUP > 1 && channel < channels) {
      accumulate(&a, x, channel, weights, panelStride, units, vectors, 1);
      weights += PANEL * 4;
    }
    if (reading == WINDOWS)
      UNROLL for (int r = 0; r < units * UNIT_ROWS; r++) { x[r / UNIT_ROWS][r % UNIT_ROWS] += m->tapStride; }
  }
  Bounds b = bounds(m->outputZeroPoint, m->minimum, m->maximum);
  int8_t *output = m->output + (int64_t)row * m->outputStride + column;
  int64_t outputStride = m->outputStride;
  int whole = column + vectors * LANES <= m->columns;
  int8_t bytes[MAXIMUM_UNITS * UNIT_ROWS * MAXIMUM_VECTORS * LANES];
  if (!whole) output = bytes, outputStride = vectors * LANES;
  Vector values[MAXIMUM_UNITS * UNIT_ROWS * MAXIMUM_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) {
    Vector multiplier = load(m->multipliers + column + v * LANES);
    UNROLL for (int u = 0; u < units; u++) {
      IntVector sums[UNIT_ROWS];
      finish(a.sums[u][v], sums);
      UNROLL for (int r = 0; r < UNIT_ROWS; r++) values[(u * UNIT_ROWS + r) * vectors + v] = toFloat(sums[r]) * multiplier;
    }
  }
  storeQuantizedRows(output, outputStride, values, rows, vectors, b);
  if (!whole)
    copyBlock(bytes, vectors * LANES, m->output + (int64_t)row * m->outputStride + column, m->outputStride, rows,
              m->columns - column);
}

INLINE void rowTile(const TinyNNMatMulS8 *m, const int32_t *biases, const int32_t *corrections, int32_t row, int32_t column,
                    int32_t rows, int maximumRows, int vectors, int reading) {
  switch (rows) {
#define ROWS(count) \
  case count: return tile(m, biases, corrections, row, column, maximumRows < count ? maximumRows : count, vectors, reading);
    ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8)
#undef ROWS
  }
}

// All rows of a tile's columns, in tiles as even as possible, so that none has too few rows to fill the pipelines.
INLINE void rowTiles(
    const TinyNNMatMulS8 *m, const int32_t *corrections, int32_t column, int maximumRows, int vectors, int reading) {
  const int32_t *biases = m->bias + column;
#if FLIPPED_ROWS
  int32_t corrected[MAXIMUM_VECTORS * LANES];
  biases = corrected;
  UNROLL for (int v = 0; v < vectors; v++) {
    int64_t steps = (int64_t)m->taps * m->channels / 4;
    const int8_t *weights = m->weights + (column + v * LANES) / PANEL * (steps * PANEL * 4) + (column + v * LANES) % PANEL * 4;
    IntVector bias = columnSums(weights, PANEL * 4, steps, loadInts(m->bias + column + v * LANES));
    *(UnalignedIntVector *)(corrected + v * LANES) = bias;
  }
#endif
  int32_t tiles = (m->rows + maximumRows - 1) / maximumRows;
  for (int32_t index = 0, row = 0; index < tiles; index++) {
    int32_t rows = m->rows / tiles + (index < m->rows % tiles ? 1 : 0);
    rowTile(m, biases, corrections ? corrections + row : NULL, row, column, rows, maximumRows, vectors, reading);
    row += rows;
  }
}

INLINE void allColumns(const TinyNNMatMulS8 *m, const int32_t *corrections, int reading) {
  int32_t column = 0;
  for (; column + (TILE_VECTORS - 1) * LANES + LAST_COLUMNS < m->columns; column += TILE_VECTORS * LANES)
    rowTiles(m, corrections, column, TILE_ROWS, TILE_VECTORS, reading);
  for (; column + LAST_COLUMNS < m->columns; column += NARROW_VECTORS * LANES)
    rowTiles(m, corrections, column, NARROW_ROWS, NARROW_VECTORS, reading);
#if LAST_COLUMNS
  if (column < m->columns) multiplyLast(m, column);
#endif
}

// Contiguous rows have one tap. Without corrections a function of its own: tiles are large, and several callers have such rows.
#ifdef ROW_CORRECTION
INLINE void multiplyContiguous(const TinyNNMatMulS8 *m, const int32_t *corrections) { allColumns(m, corrections, CONTIGUOUS); }
#else
static __attribute__((noinline, unused)) void multiplyContiguous(const TinyNNMatMulS8 *m, const int32_t *noCorrections) {
  // A copy: the compiler need not expect that a write to the output changes it.
  TinyNNMatMulS8 own = *m;
  own.channels *= own.taps, own.taps = 1;
  allColumns(&own, NULL, CONTIGUOUS);
}
#endif

INLINE void multiplyBlock(const TinyNNMatMulS8 *m, const int32_t *corrections) {
  if (MAY_BE_INDIRECT && m->offsets) allColumns(m, corrections, INDIRECT);
  else multiplyContiguous(m, corrections);
}

typedef uint8_t SixteenBytes __attribute__((ext_vector_type(16), aligned(1), may_alias));

#if defined(MATMUL)
#include "gather_s8.h"
#include "convolve_s8.h"

static void multiplyPatches(const TinyNNMatMulS8 *m) { multiplyContiguous(m, NULL); }

static void multiplyWindows(const TinyNNConvolveS8 *c, const TinyNNMatMulS8 *m, int32_t imageRows) {
  TinyNNMatMulS8 own = *m;
  allColumns(&own, NULL, WINDOWS);
}
#endif
