// Requantization with vectors of any length. Included by vector_s8.h.

INLINE void storeQuantized(int8_t *output, const Vector *values, int vectors, Bounds b) {
  UNROLL for (int v = 0; v < vectors; v++) {
    Vector rounded = clamp(values[v], splat(b.minimum), splat(b.maximum)) + splat(ROUNDING_CONSTANT);
    IntVector integers = (IntVector)rounded + (IntVector)(b.zeroPoint - ROUNDING_CONSTANT_BITS);
    *(UnalignedByteVector *)(output + v * LANES) = __builtin_convertvector(integers, ByteVector);
  }
}

INLINE void storeQuantizedRows(int8_t *output, int64_t stride, const Vector *values, int rows, int vectors, Bounds b) {
  UNROLL for (int r = 0; r < rows; r++) storeQuantized(output + r * stride, values + r * vectors, vectors, b);
}
