// Requantization with vectors of sixteen values (AVX-512). Included by vector_s8.h.
//
// Conversion gives the lowest int32 for what is too low, so the packing instructions saturate to the lower bound.

INLINE __m512i roundedPair(Vector first, Vector second, Bounds b) {
  __m512 highest = _mm512_set1_ps(b.maximum);
  __m512i words = _mm512_packs_epi32(
      _mm512_cvtps_epi32(_mm512_min_ps((__m512)first, highest)), _mm512_cvtps_epi32(_mm512_min_ps((__m512)second, highest)));
  return _mm512_adds_epi16(words, _mm512_set1_epi16((int16_t)b.zeroPoint));
}

// The bytes of four vectors, one after the other.
INLINE __m512i quantizedFour(Vector v0, Vector v1, Vector v2, Vector v3, Bounds b) {
  __m512i bytes = _mm512_packs_epi16(roundedPair(v0, v1, b), roundedPair(v2, v3, b));
  bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8((int8_t)b.lowest));
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
}

INLINE void storeQuantized(int8_t *output, const Vector *values, int vectors, Bounds b) {
  int v = 0;
  UNROLL for (; v + 4 <= vectors; v += 4)
    _mm512_storeu_si512(output + v * 16, quantizedFour(values[v], values[v + 1], values[v + 2], values[v + 3], b));
  UNROLL for (; v < vectors; v++) {
    __m512 limited = _mm512_min_ps((__m512)values[v], _mm512_set1_ps(b.maximum));
    limited = _mm512_max_ps(limited, _mm512_set1_ps(b.minimum));
    __m512i integers = _mm512_add_epi32(_mm512_cvtps_epi32(limited), _mm512_set1_epi32(b.zeroPoint));
    _mm_storeu_si128((__m128i_u *)(output + v * 16), _mm512_cvtepi32_epi8(integers));
  }
}

INLINE void storeQuantizedRows(int8_t *output, int64_t stride, const Vector *values, int rows, int vectors, Bounds b) {
  int r = 0;
  if (vectors == 2)
    UNROLL for (; r + 2 <= rows; r += 2) {
      const Vector *v = values + r * 2;
      __m512i four = quantizedFour(v[0], v[1], v[2], v[3], b);
      _mm256_storeu_si256((__m256i_u *)(output + r * stride), _mm512_castsi512_si256(four));
      _mm256_storeu_si256((__m256i_u *)(output + (r + 1) * stride), _mm512_extracti64x4_epi64(four, 1));
    }
  if (vectors == 1)
    UNROLL for (; r + 4 <= rows; r += 4) {
      __m512i four = quantizedFour(values[r], values[r + 1], values[r + 2], values[r + 3], b);
      _mm_storeu_si128((__m128i_u *)(output + r * stride), _mm512_castsi512_si128(four));
      _mm_storeu_si128((__m128i_u *)(output + (r + 1) * stride), _mm512_extracti32x4_epi32(four, 1));
      _mm_storeu_si128((__m128i_u *)(output + (r + 2) * stride), _mm512_extracti32x4_epi32(four, 2));
      _mm_storeu_si128((__m128i_u *)(output + (r + 3) * stride), _mm512_extracti32x4_epi32(four, 3));
    }
  UNROLL for (; r < rows; r++) storeQuantized(output + r * stride, values + r * vectors, vectors, b);
}
