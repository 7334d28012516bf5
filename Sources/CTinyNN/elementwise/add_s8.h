// Template of the int8 addition kernels. The including file defines LANES and ADD, the function's name, sets the
// instruction set and includes vector_s8.h.

#define VECTORS 4

INLINE Vector scaled(const int8_t *source, int32_t zeroPoint, float scale) {
  ByteVector bytes = *(const UnalignedByteVector *)source;
  return toFloat(__builtin_convertvector(bytes, IntVector) - (IntVector)zeroPoint) * splat(scale);
}

void ADD(const TinyNNAddS8 *s) {
  Bounds b = bounds(s->zeroOutput, s->minimum, s->maximum);
  int32_t index = 0;
  for (; index + VECTORS * LANES <= s->count; index += VECTORS * LANES) {
    Vector values[VECTORS];
  UNROLL for (int v = 0; v < VECTORS; v++)
      values[v] = scaled(s->a + index + v * LANES, s->zeroA, s->scaleA) +
                  scaled(s->b + index + v * LANES, s->zeroB, s->scaleB);
    storeQuantized(s->output + index, values, VECTORS, b);
  }
  for (; index < s->count; index++) s->output[index] = sumOfScaled(s, index, b);
}
