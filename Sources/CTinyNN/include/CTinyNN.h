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

/// Bits of `tinynn_cpu_features`.
enum {
  TINYNN_CPU_AVX2_FMA = 1,
  TINYNN_CPU_AVX512F = 2,
  TINYNN_CPU_NEON = 4,
};

/// The instruction sets that the processor and the operating system support and this module has kernels for.
uint32_t tinynn_cpu_features(void);

#if defined(__x86_64__)
void tinynn_matmul_f32_avx2(const TinyNNMatMulF32 *_Nonnull, void *_Nullable context);
void tinynn_matmul_f32_avx512(const TinyNNMatMulF32 *_Nonnull, void *_Nullable context);
void tinynn_depthwise_f32_avx2(const TinyNNDepthwiseF32 *_Nonnull, void *_Nullable context);
void tinynn_depthwise_f32_avx512(const TinyNNDepthwiseF32 *_Nonnull, void *_Nullable context);
#elif defined(__aarch64__)
void tinynn_matmul_f32_neon(const TinyNNMatMulF32 *_Nonnull, void *_Nullable context);
void tinynn_depthwise_f32_neon(const TinyNNDepthwiseF32 *_Nonnull, void *_Nullable context);
#endif

#ifdef __cplusplus
}
#endif

#endif
