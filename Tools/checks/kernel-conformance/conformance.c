// Runs the int8 kernels of this build and machine on random awkward shapes, compares every output byte with plain C, and
// prints one checksum per kernel: the same on every machine.
//
// With TINYNN_EMULATED, an x86-64 build without the dot product instructions: emulated.c stands in for them.

#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(TINYNN_EMULATED)
void tinynn_matmul_s8_emulated_vnni8(const TinyNNMatMulS8 *);
void tinynn_matmul_s8_emulated_vnni16(const TinyNNMatMulS8 *);
void tinynn_depthwise_s8_emulated_vnni16(const TinyNNDepthwiseS8 *);
int tinynn_convolve_s8_emulated_vnni8(const TinyNNConvolveS8 *);
int tinynn_convolve_s8_emulated_vnni16(const TinyNNConvolveS8 *);
void tinynn_matmul_s8_emulated_vnni8_deep(const TinyNNMatMulS8 *);
void tinynn_matmul_s8_emulated_vnni16_deep(const TinyNNMatMulS8 *);
#endif

static uint64_t state = 1;

static uint32_t randomBits(void) {
  state += 0x9E3779B97F4A7C15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static int32_t randomIn(int32_t low, int32_t high) { return low + (int32_t)(randomBits() % (uint32_t)(high - low + 1)); }

// Exactly `count` bytes before the end of a block that the sanitizer watches; every third value is extreme.
static int8_t *randomBytes(int32_t count, int32_t lowest) {
  int8_t *bytes = malloc((size_t)count);
  for (int32_t i = 0; i < count; i++) bytes[i] = (int8_t)(randomIn(0, 2) ? randomIn(lowest, 127) : randomIn(0, 1) ? lowest : 127);
  return bytes;
}

static int32_t *randomBias(int32_t count) {
  int32_t *values = malloc((size_t)count * 4);
  for (int32_t i = 0; i < count; i++) values[i] = randomIn(-100000, 100000);
  return values;
}

// Mostly such that sums spread over the output's range, some that leave it, and one that meets ties.
static float *randomMultipliers(int32_t count) {
  float *values = malloc((size_t)count * 4);
  for (int32_t i = 0; i < count; i++) {
    int32_t kind = randomIn(0, 9);
    values[i] = kind == 0 ? 0.5f : kind == 1 ? 1e6f : kind == 2 ? 3e37f : (float)randomIn(1, 1000) * 1e-6f;
  }
  return values;
}

static void randomBounds(int32_t *zeroPoint, int32_t *minimum, int32_t *maximum) {
  *zeroPoint = randomIn(0, 3) ? randomIn(-128, 127) : randomIn(0, 1) ? -128 : 127;
  *minimum = randomIn(0, 1) ? -128 : randomIn(-128, 127);
  *maximum = randomIn(0, 1) ? 127 : randomIn(*minimum, 127);
}

static int8_t expectedValue(float value, int32_t zeroPoint, int32_t minimum, int32_t maximum) {
  double limited = value;
  if (limited < minimum - zeroPoint) limited = minimum - zeroPoint;
  if (limited > maximum - zeroPoint) limited = maximum - zeroPoint;
  int32_t lower = (int32_t)(limited + 1024) - 1024;
  double fraction = limited - lower;
  int32_t nearest = fraction > 0.5 || (fraction == 0.5 && lower % 2 != 0) ? lower + 1 : lower;
  return (int8_t)(nearest + zeroPoint);
}

#define UNTOUCHED 0x55

static uint64_t checksum;

static int differs(const char *name, const char *shape, const int8_t *expected, const int8_t *actual, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    checksum = (checksum ^ (uint8_t)actual[i]) * 0x100000001B3u;
    if (expected[i] == actual[i]) continue;
    printf("%s: %s: element %d: expected %d, got %d\n", name, shape, (int)i, expected[i], actual[i]);
    return 1;
  }
  return 0;
}

__attribute__((unused)) static int checkMatMul(const char *name, TinyNNMatMulS8Function function) {
  char shape[160];
  int failed = 0;
  state = 1;
  for (int32_t round = 0; round < 600 && !failed; round++) {
    int32_t rows = randomIn(1, round % 40 ? 20 : 600), taps = randomIn(1, 9), channels = 4 * randomIn(1, 18);
    int32_t columns = randomIn(1, round % 10 ? 70 : 300), depth = taps * channels;
    if (round % 3 == 0) taps = 1, channels = 4 * randomIn(1, 70), depth = channels;
    if (round == 0) taps = 1, depth = channels = 33000, rows = 2, columns = 17;
    int32_t padded = (columns + 15) / 16 * 16, stride = columns + randomIn(0, 3), contiguous = randomIn(0, 1);
    TinyNNMatMulS8 m = {.rows = rows, .taps = taps, .channels = channels, .columns = columns, .outputStride = stride};
    int8_t *input = randomBytes(rows * depth, -128), *weights = randomBytes(padded * depth, -127);
    int8_t *padding = malloc((size_t)channels);
    memset(padding, randomIn(-128, 127), (size_t)channels);
    int32_t *offsets = malloc((size_t)(rows * taps) * 4), *bias = randomBias(padded);
    for (int32_t i = 0; i < rows * taps; i++) offsets[i] = randomIn(0, 4) ? randomIn(0, rows * depth - channels) : -1;
    float *multipliers = randomMultipliers(padded);
    randomBounds(&m.outputZeroPoint, &m.minimum, &m.maximum);
    int8_t *expected = malloc((size_t)(rows * stride)), *actual = malloc((size_t)(rows * stride));
    memset(expected, UNTOUCHED, (size_t)(rows * stride));
    memset(actual, UNTOUCHED, (size_t)(rows * stride));
    for (int32_t row = 0; row < rows; row++)
      for (int32_t column = 0; column < columns; column++) {
        int32_t sum = bias[column];
        for (int32_t i = 0; i < depth; i++) {
          int32_t offset = offsets[row * taps + i / channels];
          int32_t x = contiguous ? input[row * depth + i] : offset < 0 ? padding[0] : input[offset + i % channels];
          sum += x * weights[((column / 16 * depth + i / 4 * 4) * 16) + column % 16 * 4 + i % 4];
        }
        expected[row * stride + column] = expectedValue((float)sum * multipliers[column], m.outputZeroPoint, m.minimum, m.maximum);
      }
    m.input = input, m.offsets = contiguous ? NULL : offsets, m.padding = padding, m.weights = weights, m.bias = bias;
    m.multipliers = multipliers, m.output = actual;
    function(&m);
    snprintf(shape, sizeof shape, "rows %d taps %d channels %d columns %d %s zero %d bounds %d...%d", (int)rows, (int)taps,
        (int)channels, (int)columns, contiguous ? "contiguous" : "indirect", (int)m.outputZeroPoint, (int)m.minimum,
        (int)m.maximum);
    failed = differs(name, shape, expected, actual, rows * stride);
    free(input), free(weights), free(padding), free(offsets), free(bias), free(multipliers), free(expected), free(actual);
  }
  return failed;
}

__attribute__((unused)) static int checkDepthwise(const char *name, TinyNNDepthwiseS8Function function) {
  char shape[200];
  int failed = 0;
  state = 2;
  for (int32_t round = 0; round < 600 && !failed; round++) {
    TinyNNDepthwiseS8 d = {
        .inputHeight = randomIn(1, 20), .inputWidth = randomIn(1, round % 20 ? 16 : 160), .channels = randomIn(1, 70)};
    int32_t usual = randomIn(0, 3) > 0;
    d.kernelHeight = usual ? 3 + 2 * randomIn(0, 2) : randomIn(1, 7);
    d.kernelWidth = usual ? d.kernelHeight : randomIn(1, 7);
    d.strideY = randomIn(1, usual ? 2 : 3), d.strideX = usual ? d.strideY : randomIn(1, 3);
    d.dilationY = usual ? 1 : randomIn(1, 3), d.dilationX = usual ? 1 : randomIn(1, 3);
    d.padTop = randomIn(0, (d.kernelHeight - 1) * d.dilationY), d.padLeft = randomIn(0, (d.kernelWidth - 1) * d.dilationX);
    int32_t outputHeight = randomIn(1, (d.inputHeight + d.padTop) / d.strideY + 1);
    d.outputWidth = randomIn(1, (d.inputWidth + d.padLeft) / d.strideX + 1);
    d.firstRow = randomIn(0, outputHeight - 1), d.endRow = randomIn(d.firstRow + 1, outputHeight);
    d.inputZeroPoint = randomIn(-128, 127);
    int32_t padded = (d.channels + 15) / 16 * 16, taps = d.kernelHeight * d.kernelWidth;
    int32_t count = outputHeight * d.outputWidth * d.channels;
    int8_t *input = randomBytes(d.inputHeight * d.inputWidth * d.channels, -128);
    int8_t *weights = randomBytes(taps * padded, -127);
    int32_t *bias = randomBias(padded);
    float *multipliers = randomMultipliers(padded);
    randomBounds(&d.outputZeroPoint, &d.minimum, &d.maximum);
    int8_t *expected = malloc((size_t)count), *actual = malloc((size_t)count);
    memset(expected, UNTOUCHED, (size_t)count);
    memset(actual, UNTOUCHED, (size_t)count);
    for (int32_t oy = d.firstRow; oy < d.endRow; oy++)
      for (int32_t ox = 0; ox < d.outputWidth; ox++)
        for (int32_t c = 0; c < d.channels; c++) {
          int32_t sum = bias[c];
          for (int32_t t = 0; t < taps; t++) {
            int32_t y = oy * d.strideY - d.padTop + t / d.kernelWidth * d.dilationY;
            int32_t x = ox * d.strideX - d.padLeft + t % d.kernelWidth * d.dilationX;
            if (y < 0 || x < 0 || y >= d.inputHeight || x >= d.inputWidth) continue;
            sum += (input[(y * d.inputWidth + x) * d.channels + c] - d.inputZeroPoint) * weights[t * padded + c];
          }
          expected[(oy * d.outputWidth + ox) * d.channels + c] =
              expectedValue((float)sum * multipliers[c], d.outputZeroPoint, d.minimum, d.maximum);
        }
    d.input = input, d.weights = weights, d.bias = bias, d.multipliers = multipliers, d.output = actual;
    function(&d);
    snprintf(shape, sizeof shape, "input %dx%dx%d kernel %dx%d stride %d,%d dilation %d,%d pad %d,%d rows %d..<%d width %d",
        (int)d.inputHeight, (int)d.inputWidth, (int)d.channels, (int)d.kernelHeight, (int)d.kernelWidth, (int)d.strideY,
        (int)d.strideX, (int)d.dilationY, (int)d.dilationX, (int)d.padTop, (int)d.padLeft, (int)d.firstRow, (int)d.endRow,
        (int)d.outputWidth);
    failed = differs(name, shape, expected, actual, count);
    free(input), free(weights), free(bias), free(multipliers), free(expected), free(actual);
  }
  return failed;
}

__attribute__((unused)) static int checkAdd(const char *name, TinyNNAddS8Function function) {
  char shape[120];
  int failed = 0;
  state = 3;
  for (int32_t round = 0; round < 400 && !failed; round++) {
    TinyNNAddS8 s = {.count = randomIn(1, 200), .zeroA = randomIn(-128, 127), .zeroB = randomIn(-128, 127)};
    s.scaleA = (float)randomIn(1, 4000) / 1024, s.scaleB = (float)randomIn(1, 4000) * 1e-3f;
    randomBounds(&s.zeroOutput, &s.minimum, &s.maximum);
    int8_t *a = randomBytes(s.count, -128), *b = randomBytes(s.count, -128);
    int8_t *expected = malloc((size_t)s.count);
    for (int32_t i = 0; i < s.count; i++) {
      volatile float first = (float)(a[i] - s.zeroA) * s.scaleA, second = (float)(b[i] - s.zeroB) * s.scaleB;
      expected[i] = expectedValue(first + second, s.zeroOutput, s.minimum, s.maximum);
    }
    s.a = a, s.b = b, s.output = round % 2 ? a : b;
    function(&s);
    snprintf(shape, sizeof shape, "count %d zeros %d %d %d", (int)s.count, (int)s.zeroA, (int)s.zeroB, (int)s.zeroOutput);
    failed = differs(name, shape, expected, s.output, s.count);
    free(a), free(b), free(expected);
  }
  return failed;
}

__attribute__((unused)) static int checkMultiply(const char *name, TinyNNMultiplyS8Function function) {
  char shape[120];
  int failed = 0;
  state = 4;
  for (int32_t round = 0; round < 400 && !failed; round++) {
    TinyNNMultiplyS8 s = {.count = randomIn(1, 200), .zeroA = randomIn(-128, 127), .zeroB = randomIn(-128, 127)};
    s.scale = (float)randomIn(1, 4000) * (round % 3 ? 1e-5f : 1 / 1024.0f);
    randomBounds(&s.zeroOutput, &s.minimum, &s.maximum);
    int8_t *a = randomBytes(s.count, -128), *b = randomBytes(s.count, -128);
    int8_t *expected = malloc((size_t)s.count);
    for (int32_t i = 0; i < s.count; i++)
      expected[i] = expectedValue((float)((a[i] - s.zeroA) * (b[i] - s.zeroB)) * s.scale, s.zeroOutput, s.minimum, s.maximum);
    s.a = a, s.b = b, s.output = round % 2 ? a : b;
    function(&s);
    snprintf(shape, sizeof shape, "count %d zeros %d %d %d", (int)s.count, (int)s.zeroA, (int)s.zeroB, (int)s.zeroOutput);
    failed = differs(name, shape, expected, s.output, s.count);
    free(a), free(b), free(expected);
  }
  return failed;
}

static int failures;

#include "check_convolve.h"

// Whether there is such a kernel, and no row before named it.
static int isNew(void (*function)(void)) {
  static void (*known[64])(void);
  if (!function) return 0;
  for (int i = 0; i < 64; i++) {
    if (known[i] == function) return 0;
    if (!known[i]) return known[i] = function, 1;
  }
  return 1;
}

#define CHECK(kind, function)                                                                            \
  do {                                                                                                   \
    if (!isNew((void (*)(void))function)) break;                                                         \
    checksum = 0xCBF29CE484222325u;                                                                      \
    int failed = kind(#function, function);                                                              \
    failures += failed;                                                                                  \
    printf("%-34s %s %016llx\n", #function, failed ? "FAILED" : "exact ", (unsigned long long)checksum); \
  } while (0)

#define CHECK_ROW(feature, matmulF32, depthwiseF32, depthwiseGradientF32, matmulS8, depthwiseS8, addS8, multiplyS8, activateF32) \
  if (features & feature) {                                                                                                      \
    CHECK(checkMatMul, tinynn_matmul_s8_##matmulS8);                                                                             \
    CHECK(checkConvolve, tinynn_convolve_s8_##matmulS8);                                                                         \
    CHECK(checkDepthwise, tinynn_depthwise_s8_##depthwiseS8);                                                                    \
    CHECK(checkAdd, tinynn_add_s8_##addS8);                                                                                      \
    CHECK(checkMultiply, tinynn_multiply_s8_##multiplyS8);                                                                       \
  }

#define tinynn_multiply_s8_none (TinyNNMultiplyS8Function)0
#define tinynn_convolve_s8_arm (TinyNNConvolveS8Function)0

int main(void) {
#if defined(TINYNN_EMULATED)
  CHECK(checkMatMul, tinynn_matmul_s8_emulated_vnni8);
  CHECK(checkMatMul, tinynn_matmul_s8_emulated_vnni16);
  CHECK(checkDepthwise, tinynn_depthwise_s8_emulated_vnni16);
  CHECK(checkConvolve, tinynn_convolve_s8_emulated_vnni8);
  CHECK(checkConvolve, tinynn_convolve_s8_emulated_vnni16);
  CHECK(checkMatMul, tinynn_matmul_s8_emulated_vnni8_deep);
  CHECK(checkMatMul, tinynn_matmul_s8_emulated_vnni16_deep);
#else
  uint32_t features = tinynn_cpu_features();
  KERNELS(CHECK_ROW)
#endif
  return failures != 0;
}
