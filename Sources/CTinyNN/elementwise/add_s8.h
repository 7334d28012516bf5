// Template of the int8 addition kernels. The including file defines LANES and ADD, the function's name, sets the
// instruction set and includes vector_s8.h. With SCALE_FOUR it defines scaleFour(source, zeroPoint, scale, result[VECTORS]).

#define VECTORS 4

#if !defined(SCALE_FOUR)
INLINE void scaleFour(const int8_t *source, int32_t zeroPoint, float scale, Vector *result) {
  UNROLL for (int v = 0; v < VECTORS; v++) {
    ByteVector bytes = *(const UnalignedByteVector *)(source + v * LANES);
    result[v] = toFloat(__builtin_convertvector(bytes, IntVector) - (IntVector)zeroPoint) * splat(scale);
  }
}
#endif

void ADD(const TinyNNAddS8 *s) {
  Bounds b = bounds(s->zeroOutput, s->minimum, s->maximum);
  int32_t index = 0;
  for (; index + VECTORS * LANES <= s->count; index += VECTORS * LANES) {
    Vector values[VECTORS], others[VECTORS];
    scaleFour(s->a + index, s->zeroA, s->scaleA, values);
    scaleFour(s->b + index, s->zeroB, s->scaleB, others);
    UNROLL for (int v = 0; v < VECTORS; v++) values[v] += others[v];
    storeQuantized(s->output + index, values, VECTORS, b);
  }
  for (; index < s->count; index++) s->output[index] = sumOfScaled(s, index, b);
}
