#ifndef CTINYNN_H
#define CTINYNN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Columns of one panel of packed matrix multiplication weights, and the multiple to which packed channel and bias
/// vectors are padded.
enum { TINYNN_PANEL_COLUMNS = 16 };

/// One float32 matrix multiplication with indirect rows: a dense layer, or a convolution over NHWC activations without
/// a copy of its patches.
///
///     output[row][column] = clamp(bias[column] + sum over tap, channel of
///                                 x(row, tap)[channel] * weight(column, tap, channel))
///
/// Every output element is one chain of fused multiply-adds that starts from the bias and runs over taps (outer) and
/// channels (inner) in ascending order; a tap outside the image takes part with zeros. The clamp is
/// `sum < minimum ? minimum : (sum > maximum ? maximum : sum)`. Every implementation gives the same bits for finite
/// operands.
typedef struct {
  /// Base of the activations.
  const float *_Nonnull input;
  /// [rows][taps]: element offsets into `input` of `channels` contiguous values; negative: a row of zeros.
  /// NULL: rows are contiguous, x(row, tap) is at element (row * taps + tap) * channels.
  const int32_t *_Nullable offsets;
  int32_t rows, taps, channels;
  /// At least `channels` zeros.
  const float *_Nonnull zeros;
  /// [ceil(columns / 16)][taps * channels][16], the last panel padded with zeros.
  const float *_Nonnull weights;
  /// [ceil(columns / 16) * 16], padded with any finite value.
  const float *_Nonnull bias;
  /// Element `row * outputStride + column` is written for each row and for `columns` columns, nothing else.
  float *_Nonnull output;
  int32_t outputStride, columns;
  /// minimum <= maximum; infinities where there is no bound.
  float minimum, maximum;
} TinyNNMatMulF32;

/// One implementation of `TinyNNMatMulF32`; `context` is its own, unused by the kernels of this module.
typedef void (*TinyNNMatMulF32Function)(const TinyNNMatMulF32 *_Nonnull, void *_Nullable context);

/// One float32 depthwise convolution over NHWC activations of one image, channel multiplier 1.
///
/// Every output element is one chain of fused multiply-adds that starts from the bias and runs over the taps in the
/// order y, x; taps outside the image are left out. Clamp and bits as for `TinyNNMatMulF32`.
typedef struct {
  /// [inputHeight][inputWidth][channels].
  const float *_Nonnull input;
  int32_t inputHeight, inputWidth, channels;
  /// [kernelHeight * kernelWidth][channels rounded up to 16].
  const float *_Nonnull weights;
  /// [channels rounded up to 16].
  const float *_Nonnull bias;
  int32_t kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, padTop, padLeft;
  /// [output height][outputWidth][channels]; only the rows from `firstRow` up to, not including, `endRow` are written.
  float *_Nonnull output;
  int32_t outputWidth, firstRow, endRow;
  /// minimum <= maximum; infinities where there is no bound.
  float minimum, maximum;
} TinyNNDepthwiseF32;

/// One implementation of `TinyNNDepthwiseF32`; `context` is its own, unused by the kernels of this module.
typedef void (*TinyNNDepthwiseF32Function)(const TinyNNDepthwiseF32 *_Nonnull, void *_Nullable context);

/// The gradients of a float32 depthwise convolution of one image.
///
/// Each element is one chain of sums, from what it is, of products, each rounded: over the output's pixels row by row, and of the
/// weights over one image after the other. A clamp is the caller's.
typedef struct {
  /// [inputHeight][inputWidth][channels].
  const float *_Nonnull input;
  /// [kernelHeight * kernelWidth][channels rounded up to 16].
  const float *_Nonnull weights;
  /// [outputHeight][outputWidth][channels].
  const float *_Nonnull outputGradient;
  /// As `input` and `weights`; NULL: nobody wants it.
  float *_Nullable inputGradient, *_Nullable weightGradient;
  int32_t inputHeight, inputWidth, channels, outputHeight, outputWidth;
  int32_t kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, padTop, padLeft;
} TinyNNDepthwiseGradientF32;

/// One implementation of `TinyNNDepthwiseGradientF32`.
typedef void (*TinyNNDepthwiseGradientF32Function)(const TinyNNDepthwiseGradientF32 *_Nonnull);

/// One int8 matrix multiplication with indirect rows: a dense layer, or a convolution over NHWC activations without a copy
/// of its patches.
///
///     sum = bias[column] + sum over tap, channel of x(row, tap)[channel] * weight(column, tap, channel)
///     output[row][column] = requantize(sum, multipliers[column])
///
/// Sums are int32, and depth and bias must keep them in range. `requantize(sum, multiplier)` is
///
///     value = float(sum) * multiplier
///     outputZeroPoint + roundToNearestEven(min(max(value, minimum - outputZeroPoint), maximum - outputZeroPoint))
///
/// in IEEE-754 single precision, with one rounding of the conversion and one of the product. Every implementation gives
/// the same bits.
typedef struct {
  /// Base of the activations.
  const int8_t *_Nonnull input;
  /// [rows][taps]: element offsets into `input` of `channels` contiguous values; negative: the row is `padding`.
  /// NULL: rows are contiguous, x(row, tap) is at element (row * taps + tap) * channels.
  const int32_t *_Nullable offsets;
  /// `channels` is a multiple of 4.
  int32_t rows, taps, channels;
  /// 0. Kernels set it among themselves: `offsets` is [rows], and x(row, tap) at element offsets[row] + tap * tapStride.
  int32_t tapStride;
  /// At least `channels` values, all the input's zero point.
  const int8_t *_Nonnull padding;
  /// [ceil(columns / 16)][taps * channels / 4][16][4] in -127...127, padded with zeros.
  const int8_t *_Nonnull weights;
  /// [ceil(columns / 16) * 16]; holds bias - inputZeroPoint * (sum of the column's weights); padded with any value.
  const int32_t *_Nonnull bias;
  /// [ceil(columns / 16) * 16], finite: input scale * weight scale / output scale; padded with any finite value.
  const float *_Nonnull multipliers;
  /// Element `row * outputStride + column` is written for each row and for `columns` columns, nothing else.
  int8_t *_Nonnull output;
  int32_t outputStride, columns, outputZeroPoint;
  /// -128 <= minimum <= maximum <= 127.
  int32_t minimum, maximum;
} TinyNNMatMulS8;

typedef void (*TinyNNMatMulS8Function)(const TinyNNMatMulS8 *_Nonnull);

/// One int8 convolution over NHWC activations of one image, without groups and dilation: a `TinyNNMatMulS8` whose rows are the
/// windows of output pixels.
typedef struct {
  /// `input` is the image, [inputHeight][inputWidth][channels]; `rows` counts the output pixels from `firstPixel` on, row by row
  /// of the output, which is `outputWidth` wide; `taps` is kernelHeight * kernelWidth; `channels` may be any count, and the weights
  /// of a column are `taps` * `channels` rounded up to a multiple of 4. No `offsets`, no `padding`.
  TinyNNMatMulS8 product;
  int32_t inputHeight, inputWidth, inputZeroPoint;
  int32_t kernelHeight, kernelWidth, strideY, strideX, padTop, padLeft;
  int32_t outputWidth, firstPixel;
} TinyNNConvolveS8;

/// One implementation of `TinyNNConvolveS8`. 0: it has no better way for these operands than a `TinyNNMatMulS8` with offsets or
/// patches, and has written nothing.
typedef int (*TinyNNConvolveS8Function)(const TinyNNConvolveS8 *_Nonnull);

/// One int8 depthwise convolution over NHWC activations of one image, channel multiplier 1.
///
///     sum = bias[channel] + sum over taps inside the image of (x - inputZeroPoint) * weight
///     output = requantize(sum, multipliers[channel]), as for `TinyNNMatMulS8`
typedef struct {
  /// [inputHeight][inputWidth][channels].
  const int8_t *_Nonnull input;
  int32_t inputHeight, inputWidth, channels, inputZeroPoint;
  /// [kernelHeight * kernelWidth][channels rounded up to 16] in -127...127.
  const int8_t *_Nonnull weights;
  /// [channels rounded up to 16].
  const int32_t *_Nonnull bias;
  /// [channels rounded up to 16], finite: input scale * weight scale / output scale.
  const float *_Nonnull multipliers;
  int32_t kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, padTop, padLeft;
  /// [output height][outputWidth][channels]; only the rows from `firstRow` up to, not including, `endRow` are written.
  int8_t *_Nonnull output;
  int32_t outputWidth, firstRow, endRow, outputZeroPoint;
  /// -128 <= minimum <= maximum <= 127.
  int32_t minimum, maximum;
} TinyNNDepthwiseS8;

typedef void (*TinyNNDepthwiseS8Function)(const TinyNNDepthwiseS8 *_Nonnull);

/// The sum of two int8 tensors of the same shape, elementwise.
///
///     value = float(a - zeroA) * scaleA + float(b - zeroB) * scaleB
///     output = zeroOutput + roundToNearestEven(min(max(value, minimum - zeroOutput), maximum - zeroOutput))
///
/// in IEEE-754 single precision: two products and a sum, each rounded.
typedef struct {
  /// `count` elements each; `output` may be `a` or `b`, but not overlap them otherwise.
  const int8_t *_Nonnull a, *_Nonnull b;
  int8_t *_Nonnull output;
  int32_t count, zeroA, zeroB, zeroOutput;
  /// Scale of the operand / scale of the output, below 2^100.
  float scaleA, scaleB;
  /// -128 <= minimum <= maximum <= 127.
  int32_t minimum, maximum;
} TinyNNAddS8;

typedef void (*TinyNNAddS8Function)(const TinyNNAddS8 *_Nonnull);

/// The product of two int8 tensors of the same shape, elementwise.
///
///     value = float((a - zeroA) * (b - zeroB)) * scale
///     output = zeroOutput + roundToNearestEven(min(max(value, minimum - zeroOutput), maximum - zeroOutput))
///
/// in IEEE-754 single precision with one rounding: the product of the integers is exact.
typedef struct {
  /// `count` elements each; `output` may be `a` or `b`, but not overlap them otherwise.
  const int8_t *_Nonnull a, *_Nonnull b;
  int8_t *_Nonnull output;
  int32_t count, zeroA, zeroB, zeroOutput;
  /// Scale of a * scale of b / scale of the output, below 2^100.
  float scale;
  /// -128 <= minimum <= maximum <= 127.
  int32_t minimum, maximum;
} TinyNNMultiplyS8;

typedef void (*TinyNNMultiplyS8Function)(const TinyNNMultiplyS8 *_Nonnull);

/// The elementwise functions of `TinyNNActivateF32`.
enum {
  /// e to the power x - shift.
  TINYNN_EXPONENTIAL = 0,
  /// 1 / (1 + exp(-x)).
  TINYNN_SIGMOID = 1,
  /// x / (1 + exp(-x)).
  TINYNN_SILU = 2,
  /// x (1 + erf(x / sqrt(2))) / 2.
  TINYNN_GELU = 3,
};

/// An elementwise function of float32 values, with the operations and the order of ElementaryFunctions.swift, and so its bits.
typedef struct {
  /// `count` elements each; `output` may be `input`, but not overlap it otherwise.
  const float *_Nonnull input;
  float *_Nonnull output;
  int32_t count, function;
  /// Finite; of the exponential alone.
  float shift;
} TinyNNActivateF32;

typedef void (*TinyNNActivateF32Function)(const TinyNNActivateF32 *_Nonnull);

/// Bits of `tinynn_cpu_features`.
enum {
  TINYNN_CPU_AVX2_FMA = 1,
  /// With AVX2 and FMA.
  TINYNN_CPU_AVX512F = 2,
  TINYNN_CPU_NEON = 4,
  /// With AVX2 and FMA.
  TINYNN_CPU_AVX_VNNI = 8,
  /// With AVX-512F, BW, DQ and VL.
  TINYNN_CPU_AVX512_VNNI = 16,
  TINYNN_CPU_NEON_DOT_PRODUCT = 32,
  /// With the dot product.
  TINYNN_CPU_NEON_I8MM = 64,
  /// 32-bit ARM.
  TINYNN_CPU_ARM = 128,
};

/// The instruction sets that the processor and the operating system support and this module has kernels for.
uint32_t tinynn_cpu_features(void);

/// The kernels of one instruction set. NULL: there is none, and the reference serves.
typedef struct {
  TinyNNMatMulF32Function _Nullable matmulF32;
  TinyNNDepthwiseF32Function _Nullable depthwiseF32;
  TinyNNDepthwiseGradientF32Function _Nullable depthwiseGradientF32;
  TinyNNMatMulS8Function _Nullable matmulS8;
  TinyNNConvolveS8Function _Nullable convolveS8;
  TinyNNDepthwiseS8Function _Nullable depthwiseS8;
  TinyNNAddS8Function _Nullable addS8;
  TinyNNMultiplyS8Function _Nullable multiplyS8;
  TinyNNActivateF32Function _Nullable activateF32;
} TinyNNKernels;

/// The kernels of the instruction set with this bit of `tinynn_cpu_features`; all NULL where this build has none for it.
TinyNNKernels tinynn_kernels(uint32_t feature);

#ifdef __cplusplus
}
#endif

#endif
