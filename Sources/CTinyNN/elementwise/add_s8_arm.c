#if defined(__arm__)

#include "../vectors/quantize_s8.h"

void tinynn_add_s8_arm(const TinyNNAddS8 *s) {
  Bounds b = bounds(s->zeroOutput, s->minimum, s->maximum);
  for (int32_t index = 0; index < s->count; index++) s->output[index] = sumOfScaled(s, index, b);
}

#endif
