// Template of the elementwise functions. The including file defines
//   LANES     floats of a vector
//   ACTIVATE  the function's name
// and sets the instruction set. The operations, their order and the constants are those of ElementaryFunctions.swift, which has
// their sources.

#include "../kernels.h"
#include "../vectors/vector.h"

#pragma STDC FP_CONTRACT OFF

typedef int32_t Bits __attribute__((ext_vector_type(LANES)));

INLINE Vector clampedTo(Vector x, float low, float high) {
  Vector raised = x < low ? splat(low) : x;
  return raised > high ? splat(high) : raised;
}

INLINE Vector exponential(Vector x) {
  Vector limited = clampedTo(x, -87.336544f, 88.37626f);
  Vector shifted = limited * 1.442695040888963f + 12582912.0f;
  Vector n = shifted - 12582912.0f;
  Vector r = limited - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  Vector p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  Vector y = (p * (r * r) + r) + 1.0f;
  Vector scale = (Vector)(((Bits)shifted - 0x4B400000 + 127) << 23);
  return x < -87.336544f ? splat(0) : y * scale;
}

INLINE Vector errorFunction(Vector value) {
  Vector x = clampedTo(value, -4, 4), z = x * x;
  Vector p = splat(-2.72614225801306e-10f);
  p = p * z + 2.77068142495902e-08f;
  p = p * z - 2.10102402082508e-06f;
  p = p * z - 5.69250639462346e-05f;
  p = p * z - 7.34990630326855e-04f;
  p = p * z - 2.95459980854025e-03f;
  p = p * z - 1.60960333262415e-02f;
  Vector q = splat(-1.45660718464996e-05f);
  q = q * z - 2.13374055278905e-04f;
  q = q * z - 1.68282697438203e-03f;
  q = q * z - 7.37332916720468e-03f;
  q = q * z - 1.42647390514189e-02f;
  return x * p / q;
}

INLINE Vector function(Vector x, int32_t function, float shift) {
  switch (function) {
    case TINYNN_EXPONENTIAL:
      return exponential(x - shift);
    case TINYNN_SIGMOID:
      return 1.0f / (1.0f + exponential(-x));
    case TINYNN_SILU:
      return x / (1.0f + exponential(-x));
    default:
      return 0.5f * x * (1.0f + errorFunction(x * 0.70710678118654752f));
  }
}

INLINE void all(const TinyNNActivateF32 *a, int32_t code) {
  int32_t index = 0, count = a->count;
  for (; index + LANES <= count; index += LANES) store(a->output + index, function(load(a->input + index), code, a->shift));
  if (index == count) return;
  float last[LANES] = {0};
  for (int32_t i = index; i < count; i++) last[i - index] = a->input[i];
  store(last, function(load(last), code, a->shift));
  for (int32_t i = index; i < count; i++) a->output[i] = last[i - index];
}

void ACTIVATE(const TinyNNActivateF32 *a) {
  switch (a->function) {
    case TINYNN_EXPONENTIAL:
      return all(a, TINYNN_EXPONENTIAL);
    case TINYNN_SIGMOID:
      return all(a, TINYNN_SIGMOID);
    case TINYNN_SILU:
      return all(a, TINYNN_SILU);
    case TINYNN_GELU:
      return all(a, TINYNN_GELU);
  }
}
