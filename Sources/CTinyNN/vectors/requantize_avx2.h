// Requantization with vectors of eight values (AVX2). Included by vector_s8.h.

// Conversion gives the lowest int32 for what is too low, so the packing instructions saturate to the lower bound.
INLINE __m256i rounded(Vector value, Bounds b) {
  return _mm256_cvtps_epi32(_mm256_min_ps((__m256)value, _mm256_set1_ps(b.maximum)));
}

INLINE __m256i roundedPair(const Vector *values, Bounds b) {
  __m256i words = _mm256_packs_epi32(rounded(values[0], b), rounded(values[1], b));
  return _mm256_adds_epi16(words, _mm256_set1_epi16((int16_t)b.zeroPoint));
}

// The bytes of four vectors, one after the other.
INLINE __m256i quantizedFour(const Vector *values, Bounds b) {
  __m256i bytes = _mm256_packs_epi16(roundedPair(values, b), roundedPair(values + 2, b));
  bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8((int8_t)b.lowest));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

INLINE void storeQuantized(int8_t *output, const Vector *values, int vectors, Bounds b) {
  int v = 0;
  UNROLL for (; v + 4 <= vectors; v += 4) _mm256_storeu_si256((__m256i_u *)(output + v * 8), quantizedFour(values + v, b));
  UNROLL for (; v + 2 <= vectors; v += 2) {
    __m256i words = roundedPair(values + v, b);
    __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    bytes = _mm_max_epi8(bytes, _mm_set1_epi8((int8_t)b.lowest));
    _mm_storeu_si128((__m128i_u *)(output + v * 8), _mm_shuffle_epi32(bytes, 0xD8));
  }
  UNROLL for (; v < vectors; v++) {
    __m256i integers = rounded(values[v], b);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(integers), _mm256_extracti128_si256(integers, 1));
    words = _mm_adds_epi16(words, _mm_set1_epi16((int16_t)b.zeroPoint));
    __m128i bytes = _mm_max_epi8(_mm_packs_epi16(words, words), _mm_set1_epi8((int8_t)b.lowest));
    _mm_storel_epi64((__m128i_u *)(output + v * 8), bytes);
  }
}

INLINE void storeQuantizedRows(int8_t *output, int64_t stride, const Vector *values, int rows, int vectors, Bounds b) {
  int r = 0;
  if (vectors == 2)
    UNROLL for (; r + 2 <= rows; r += 2) {
      __m256i four = quantizedFour(values + r * 2, b);
      _mm_storeu_si128((__m128i_u *)(output + r * stride), _mm256_castsi256_si128(four));
      _mm_storeu_si128((__m128i_u *)(output + (r + 1) * stride), _mm256_extracti128_si256(four, 1));
    }
  if (vectors == 1)
    UNROLL for (; r + 4 <= rows; r += 4) {
      __m256i four = quantizedFour(values + r, b);
      UNROLL for (int i = 0; i < 4; i += 2) {
        __m128i two = i == 0 ? _mm256_castsi256_si128(four) : _mm256_extracti128_si256(four, 1);
        _mm_storel_epi64((__m128i_u *)(output + (r + i) * stride), two);
        _mm_storel_epi64((__m128i_u *)(output + (r + i + 1) * stride), _mm_unpackhi_epi64(two, two));
      }
    }
  UNROLL for (; r < rows; r++) storeQuantized(output + r * stride, values + r * vectors, vectors, b);
}
