#if defined(__x86_64__)

#include "CTinyNN.h"
#include <immintrin.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#include "../vectors/vector_s8.h"

// The instruction multiplies unsigned by signed bytes and adds pairs to int16. x * w is |x| * w, negated where x < 0, and
// -w is (w ^ -1) + 1: so the sum of |x| * (w ^ sign) lacks |x| where x < 0, for every column the same. |x| <= 128 and
// |w| <= 127 keep each pair in -32768...32512: the pair of -128 * (127 ^ -1) is the lowest.
typedef struct {
  __m256i magnitude, sign;
} Activations;
typedef __m256i Weights;
typedef __m256i Sum;

#define GROUP 1
#define UNIT_ROWS 1

// Rows are rewritten as |x| of four channels and their signs, as bytes of 0 or -1, by turns.
#define ACTIVATION_BYTES 2
#define ROW_CORRECTION

INLINE Activations loadActivations(const int8_t *const x[1], int steps) {
  int32_t four[2];
  __builtin_memcpy(four, x[0], 8);
  return (Activations){_mm256_set1_epi32(four[0]), _mm256_set1_epi32(four[1])};
}

INLINE Weights loadWeights(const int8_t *w, int steps) { return _mm256_loadu_si256((const __m256i_u *)w); }

INLINE Sum initialSum(IntVector bias) { return (Sum)bias; }

INLINE Sum addProducts(Sum sum, Activations a, Weights w, int steps) {
  __m256i pairs = _mm256_maddubs_epi16(a.magnitude, _mm256_xor_si256(w, a.sign));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE void finish(Sum sum, IntVector result[1]) { result[0] = (IntVector)sum; }

#define TILE_ROWS 1
#define TILE_VECTORS 8
#define NARROW_ROWS 4
#define NARROW_VECTORS 2
#include "matmul_s8.h"
#include "matmul_s8_avx2_pairs.h"

// Channels of the rows that are rewritten at once, on the stack.
#define BLOCK_CHANNELS 32768

// Rewrites up to 16 channels, of which `x` has the last of a row's; returns their |x| where x < 0, in two sums.
INLINE __m128i rewrite(__m128i x, int8_t *output, int32_t channels) {
  __m128i magnitude = _mm_abs_epi8(x), sign = _mm_cmpgt_epi8(_mm_setzero_si128(), x);
  __m128i low = _mm_unpacklo_epi32(magnitude, sign), high = _mm_unpackhi_epi32(magnitude, sign);
  if (channels == 4) {
    _mm_storel_epi64((__m128i_u *)output, low);
  } else {
    _mm_storeu_si128((__m128i_u *)output, low);
    if (channels == 16) _mm_storeu_si128((__m128i_u *)(output + 16), high);
  }
  return _mm_sad_epu8(_mm_and_si128(magnitude, sign), _mm_setzero_si128());
}

INLINE int32_t rewriteRow(const TinyNNMatMulS8 *m, int32_t row, int8_t *output) {
  __m128i sums = _mm_setzero_si128();
  for (int32_t tap = 0; tap < m->taps; tap++) {
    const int8_t *x = sourceRow(m, row, tap);
    int32_t channel = 0;
    for (; channel + 16 <= m->channels; channel += 16, output += 32)
      sums = _mm_add_epi64(sums, rewrite(_mm_loadu_si128((const __m128i_u *)(x + channel)), output, 16));
    if (m->channels & 8) {
      sums = _mm_add_epi64(sums, rewrite(_mm_loadl_epi64((const __m128i_u *)(x + channel)), output, 8));
      channel += 8, output += 16;
    }
    if (m->channels & 4) {
      sums = _mm_add_epi64(sums, rewrite(_mm_loadu_si32(x + channel), output, 4));
      output += 8;
    }
  }
  return _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums)));
}

static void multiplyLongRows(const TinyNNMatMulS8 *m) {
  Bounds b = bounds(m->outputZeroPoint, m->minimum, m->maximum);
  int64_t depth = (int64_t)m->taps * m->channels;
  for (int32_t row = 0; row < m->rows; row++) {
    for (int32_t column = 0; column < m->columns; column++) {
      const int8_t *weights = m->weights + column / PANEL * depth * PANEL + column % PANEL * 4;
      int32_t sum = m->bias[column];
      for (int32_t tap = 0; tap < m->taps; tap++) {
        const int8_t *x = sourceRow(m, row, tap);
        for (int32_t channel = 0; channel < m->channels; channel += 4, weights += PANEL * 4)
          for (int32_t i = 0; i < 4; i++) sum += x[channel + i] * weights[i];
      }
      m->output[(int64_t)row * m->outputStride + column] = quantized((float)sum * m->multipliers[column], b);
    }
  }
}

static void multiplyMagnitudes(const TinyNNMatMulS8 *m) {
  int64_t depth = (int64_t)m->taps * m->channels;
  int8_t rewritten[BLOCK_CHANNELS * ACTIVATION_BYTES];
  int32_t corrections[BLOCK_ROWS];
  TinyNNMatMulS8 block = *m;
  block.input = rewritten, block.offsets = NULL, block.taps = 1, block.channels = (int32_t)depth;
  int32_t blockRows = BLOCK_CHANNELS / (int32_t)depth < BLOCK_ROWS ? BLOCK_CHANNELS / (int32_t)depth : BLOCK_ROWS;
  for (int32_t row = 0; row < m->rows; row += block.rows) {
    block.rows = m->rows - row < blockRows ? m->rows - row : blockRows;
    for (int32_t r = 0; r < block.rows; r++) corrections[r] = rewriteRow(m, row + r, rewritten + r * depth * ACTIVATION_BYTES);
    block.output = m->output + (int64_t)row * m->outputStride;
    multiplyBlock(&block, corrections);
  }
}

// How many of the columns: whole wide tiles, and one that lacks less than a vector. The columns behind them go in pairs.
INLINE int32_t columnsOfMagnitudes(const TinyNNMatMulS8 *m) {
  if ((int64_t)m->taps * m->channels > PAIRS_DEPTH || m->rows < PAIRS_ROWS) return m->columns;
  int32_t columns = (m->columns + LANES - 1) / (TILE_VECTORS * LANES) * (TILE_VECTORS * LANES);
  return columns < m->columns ? columns : m->columns;
}

void tinynn_matmul_s8_avx2(const TinyNNMatMulS8 *m) {
  if ((int64_t)m->taps * m->channels > BLOCK_CHANNELS) return multiplyLongRows(m);
  TinyNNMatMulS8 first = *m;
  first.columns = columnsOfMagnitudes(m);
  if (first.columns > 0) multiplyMagnitudes(&first);
  if (first.columns < m->columns) multiplyPairs(m, first.columns);
}

#define CONVOLVE tinynn_convolve_s8_avx2
#include "convolve_s8.h"

// The first columns, of prepared rows of the image. A window lacks what its pixels lack.
static __attribute__((noinline)) void magnitudesOfWindows(
    const TinyNNConvolveS8 *c, const TinyNNMatMulS8 *m, int32_t imageRows, int32_t columns) {
  int8_t rewritten[IMAGE_BYTES * ACTIVATION_BYTES];
  int32_t lacks[IMAGE_BYTES / 4], starts[MAXIMUM_PIXELS], corrections[MAXIMUM_PIXELS];
  int32_t channels = c->product.channels, width = m->tapStride / channels;
  TinyNNMatMulS8 block = *m, pixels = *m;
  pixels.offsets = NULL, pixels.taps = 1, pixels.channels = channels;
  for (int32_t i = 0; i < imageRows * width; i++)
    lacks[i] = rewriteRow(&pixels, i, rewritten + (int64_t)i * channels * ACTIVATION_BYTES);
  for (int32_t row = 0; row < m->rows; row++) {
    const int32_t *window = lacks + m->offsets[row] / channels;
    starts[row] = m->offsets[row] * ACTIVATION_BYTES;
    corrections[row] = 0;
    for (int32_t y = 0; y < c->kernelHeight; y++, window += width)
      for (int32_t x = 0; x < c->kernelWidth; x++) corrections[row] += window[x];
  }
  block.columns = columns, block.input = rewritten, block.offsets = starts, block.tapStride *= ACTIVATION_BYTES;
  allColumns(&block, corrections, WINDOWS);
}

static __attribute__((noinline)) void pairsOfWindows(const TinyNNMatMulS8 *m, int32_t imageRows, int32_t firstColumn) {
  _Alignas(32) int16_t image[IMAGE_BYTES], weights[PAIRS_DEPTH * PANEL];
  widenRuns(m, m->input, NULL, 1, imageRows * m->tapStride, image);
  PairsPanel p = {.m = m,
      .weights = weights,
      .depth = m->taps * m->channels,
      .taps = m->taps,
      .channels = m->channels,
      .tapStride = m->tapStride,
      .starts = m->offsets,
      .bounds = bounds(m->outputZeroPoint, m->minimum, m->maximum)};
  pairsColumns(&p, image, 0, m->rows, firstColumn, WINDOWS);
}

static void multiplyWindows(const TinyNNConvolveS8 *c, const TinyNNMatMulS8 *m, int32_t imageRows) {
  int32_t columns = columnsOfMagnitudes(m);
  if (columns > 0) magnitudesOfWindows(c, m, imageRows, columns);
  if (columns < m->columns) pairsOfWindows(m, imageRows, columns);
}

static void multiplyPatches(const TinyNNMatMulS8 *m) { tinynn_matmul_s8_avx2(m); }

#pragma clang attribute pop

#endif
