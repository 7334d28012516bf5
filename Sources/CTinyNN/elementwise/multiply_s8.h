// Template of the int8 multiplication kernels. The including file defines LANES and MULTIPLY, the function's name, sets the
// instruction set and includes vector_s8.h.

#define VECTORS 4

INLINE Vector centred(const int8_t *source, int32_t zeroPoint) {
  ByteVector bytes = *(const UnalignedByteVector *)source;
  return toFloat(__builtin_convertvector(bytes, IntVector) - (IntVector)zeroPoint);
}

INLINE void products(const TinyNNMultiplyS8 *s, int32_t index, int vectors, Bounds b) {
  Vector values[VECTORS];
  UNROLL for (int v = 0; v < vectors; v++)
    values[v] = centred(s->a + index + v * LANES, s->zeroA) * centred(s->b + index + v * LANES, s->zeroB) * splat(s->scale);
  storeQuantized(s->output + index, values, vectors, b);
}

void MULTIPLY(const TinyNNMultiplyS8 *s) {
  Bounds b = bounds(s->zeroOutput, s->minimum, s->maximum);
  int32_t index = 0;
  for (; index + VECTORS * LANES <= s->count; index += VECTORS * LANES) products(s, index, VECTORS, b);
  for (; index + LANES <= s->count; index += LANES) products(s, index, 1, b);
  for (; index < s->count; index++)
    s->output[index] = quantized((float)(s->a[index] - s->zeroA) * (float)(s->b[index] - s->zeroB) * s->scale, b);
}
