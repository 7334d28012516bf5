// Convolutions on random shapes; included by conformance.c. A kernel may refuse some of them, but not most.

__attribute__((unused)) static int checkConvolve(const char *name, TinyNNConvolveS8Function function) {
  char shape[240];
  int failed = 0, refused = 0;
  state = 3;
  for (int32_t round = 0; round < 600 && !failed; round++) {
    int32_t large = round % 30 == 0;
    TinyNNConvolveS8 c = {.inputHeight = randomIn(1, 20), .inputWidth = randomIn(1, large ? 130 : 20)};
    int32_t channels = randomIn(0, 3) ? 4 * randomIn(1, large ? 40 : 18) : randomIn(1, 9);
    c.kernelHeight = randomIn(1, 5), c.kernelWidth = randomIn(0, 1) ? c.kernelHeight : randomIn(1, 7);
    c.strideY = randomIn(1, 3), c.strideX = randomIn(0, 1) ? c.strideY : randomIn(1, 3);
    c.padTop = randomIn(0, c.kernelHeight + 1), c.padLeft = randomIn(0, c.kernelWidth + 1);
    c.inputZeroPoint = randomIn(-128, 127);
    // As far as a window whose first row and column are inside, or before the image.
    int32_t outputHeight = randomIn(1, (c.inputHeight - 1 + c.padTop) / c.strideY + 1);
    c.outputWidth = randomIn(1, (c.inputWidth - 1 + c.padLeft) / c.strideX + 1);
    int32_t pixels = outputHeight * c.outputWidth, columns = randomIn(1, round % 10 ? 40 : 200), padded = (columns + 15) / 16 * 16;
    c.firstPixel = randomIn(0, 1) ? 0 : randomIn(0, pixels - 1);
    int32_t rows = randomIn(0, 1) ? pixels - c.firstPixel : randomIn(1, pixels - c.firstPixel);
    int32_t taps = c.kernelHeight * c.kernelWidth, depth = (taps * channels + 3) / 4 * 4, stride = columns + randomIn(0, 3);
    int8_t *input = randomBytes(c.inputHeight * c.inputWidth * channels, -128), *weights = randomBytes(padded * depth, -127);
    for (int32_t column = 0; column < padded; column++)
      for (int32_t i = taps * channels; i < depth; i++)
        weights[(column / 16 * depth + i / 4 * 4) * 16 + column % 16 * 4 + i % 4] = 0;
    int32_t *bias = randomBias(padded);
    float *multipliers = randomMultipliers(padded);
    c.product = (TinyNNMatMulS8){.input = input,
        .rows = rows,
        .taps = taps,
        .channels = channels,
        .weights = weights,
        .bias = bias,
        .multipliers = multipliers,
        .outputStride = stride,
        .columns = columns};
    randomBounds(&c.product.outputZeroPoint, &c.product.minimum, &c.product.maximum);
    int8_t *expected = malloc((size_t)(rows * stride)), *actual = malloc((size_t)(rows * stride));
    memset(expected, UNTOUCHED, (size_t)(rows * stride));
    memset(actual, UNTOUCHED, (size_t)(rows * stride));
    c.product.output = actual;
    if (function(&c)) {
      for (int32_t row = 0; row < rows; row++)
        for (int32_t column = 0; column < columns; column++) {
          int32_t sum = bias[column], y = (c.firstPixel + row) / c.outputWidth, x = (c.firstPixel + row) % c.outputWidth;
          for (int32_t i = 0; i < taps * channels; i++) {
            int32_t tap = i / channels, iy = y * c.strideY - c.padTop + tap / c.kernelWidth;
            int32_t ix = x * c.strideX - c.padLeft + tap % c.kernelWidth;
            int32_t isInside = iy >= 0 && iy < c.inputHeight && ix >= 0 && ix < c.inputWidth;
            int32_t value = isInside ? input[(iy * c.inputWidth + ix) * channels + i % channels] : c.inputZeroPoint;
            sum += value * weights[(column / 16 * depth + i / 4 * 4) * 16 + column % 16 * 4 + i % 4];
          }
          expected[row * stride + column] =
              expectedValue((float)sum * multipliers[column], c.product.outputZeroPoint, c.product.minimum, c.product.maximum);
        }
    } else {
      refused++;
    }
    snprintf(shape, sizeof shape,
        "image %d x %d x %d kernel %d x %d stride %d %d padding %d %d output width %d pixels %d from %d columns %d",
        (int)c.inputHeight, (int)c.inputWidth, (int)channels, (int)c.kernelHeight, (int)c.kernelWidth, (int)c.strideY,
        (int)c.strideX, (int)c.padTop, (int)c.padLeft, (int)c.outputWidth, (int)rows, (int)c.firstPixel, (int)columns);
    failed = differs(name, shape, expected, actual, rows * stride);
    free(input), free(weights), free(bias), free(multipliers), free(expected), free(actual);
  }
  if (refused > 200) failed = 1, printf("%s: %d of 600 convolutions refused\n", name, refused);
  return failed;
}
