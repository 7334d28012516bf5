// Requantization with vectors of four values (NEON). Included by vector_s8.h.
//
// Conversion rounds to nearest, ties to even, and saturates, as narrowing and the addition of the zero point do.

#include <arm_neon.h>

INLINE int16x8_t roundedPair(Vector first, Vector second, Bounds b) {
  int16x4_t low = vqmovn_s32(vcvtnq_s32_f32((float32x4_t)first));
  return vqaddq_s16(vqmovn_high_s32(low, vcvtnq_s32_f32((float32x4_t)second)), vdupq_n_s16((int16_t)b.zeroPoint));
}

// The bytes of four vectors, one after the other. Narrowing keeps the bounds of int8 itself, which most outputs have.
INLINE int8x16_t quantizedFour(Vector v0, Vector v1, Vector v2, Vector v3, Bounds b, int isBounded) {
  int8x16_t bytes = vqmovn_high_s16(vqmovn_s16(roundedPair(v0, v1, b)), roundedPair(v2, v3, b));
  if (!isBounded) return bytes;
  return vminq_s8(vmaxq_s8(bytes, vdupq_n_s8((int8_t)b.lowest)), vdupq_n_s8((int8_t)b.highest));
}

INLINE void storeRow(int8_t *output, const Vector *values, int vectors, Bounds b, int isBounded) {
  int v = 0;
  UNROLL for (; v + 4 <= vectors; v += 4)
    vst1q_s8(output + v * 4, quantizedFour(values[v], values[v + 1], values[v + 2], values[v + 3], b, isBounded));
  UNROLL for (; v + 2 <= vectors; v += 2)
    vst1_s8(output + v * 4, vget_low_s8(quantizedFour(values[v], values[v + 1], values[v], values[v + 1], b, isBounded)));
  UNROLL for (; v < vectors; v++) {
    int32x4_t four = vreinterpretq_s32_s8(quantizedFour(values[v], values[v], values[v], values[v], b, isBounded));
    vst1q_lane_s32((int32_t *)(output + v * 4), four, 0);
  }
}

INLINE void storeRows(int8_t *output, int64_t stride, const Vector *values, int rows, int vectors, Bounds b, int isBounded) {
  int r = 0;
  if (vectors == 2)
    UNROLL for (; r + 2 <= rows; r += 2) {
      const Vector *v = values + r * 2;
      int8x16_t bytes = quantizedFour(v[0], v[1], v[2], v[3], b, isBounded);
      vst1_s8(output + r * stride, vget_low_s8(bytes));
      vst1q_lane_s64((int64_t *)(output + (r + 1) * stride), vreinterpretq_s64_s8(bytes), 1);
    }
  UNROLL for (; r < rows; r++) storeRow(output + r * stride, values + r * vectors, vectors, b, isBounded);
}

INLINE void storeQuantized(int8_t *output, const Vector *values, int vectors, Bounds b) { storeRow(output, values, vectors, b, 1); }

INLINE void storeQuantizedRows(int8_t *output, int64_t stride, const Vector *values, int rows, int vectors, Bounds b) {
  if (b.lowest == INT8_MIN && b.highest == INT8_MAX) storeRows(output, stride, values, rows, vectors, b, 0);
  else storeRows(output, stride, values, rows, vectors, b, 1);
}
