// Elementary functions with a fixed order of IEEE-754 multiplications and additions (never contracted: Swift does not), so
// that every machine gives the same bits and the compiler may still vectorise the loops around them.

/// `x` limited to `[low, high]`; the order of comparisons is the one of all kernels: -0 stays, NaN stays.
@inline(__always) func clamped(_ x: Float, _ low: Float, _ high: Float) -> Float {
  let raised = x < low ? low : x
  return raised > high ? high : raised
}

/// e to the power `x`, relative error at most 2e-7; 0 below -87.33, at most 2^128 - 2^104 above 88.72.
///
/// Range reduction by n = round(x / ln 2) with ln 2 in two parts (Cody and Waite, 1980) and a degree-6 Taylor-like
/// polynomial on [-ln 2 / 2, ln 2 / 2] (coefficients of Cephes' expf).
@inline(__always) func exponential(_ x: Float) -> Float {
  let limited = clamped(x, -87.336544, 88.37626)
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, which is then also the low bits of the sum. Taken from
  // there it needs no conversion, which NaN (the result is NaN too) would trap.
  let shifted = limited * 1.442695040888963 + 12_582_912
  let n = shifted - 12_582_912
  var r = limited - n * 0.693359375
  r = r - n * -2.12194440e-4
  var p: Float = 1.9875691500e-4
  p = p * r + 1.3981999507e-3
  p = p * r + 8.3334519073e-3
  p = p * r + 4.1665795894e-2
  p = p * r + 1.6666665459e-1
  p = p * r + 5.0000001201e-1
  let y = (p * (r * r) + r) + 1
  let scale = Float(bitPattern: (shifted.bitPattern &- 0x4B40_0000 &+ 127) &<< 23)
  return x < -87.336544 ? 0 : y * scale
}

@inline(__always) func hyperbolicTangent(_ x: Float) -> Float {
  let magnitude = x < 0 ? -x : x
  let e = exponential(-2 * magnitude)
  let y = (1 - e) / (1 + e)
  // Below 2^-12 the quotient cancels; there tanh x = x to float precision.
  let result = magnitude < 2.44140625e-4 ? magnitude : y
  return x < 0 ? -result : result
}

/// erf(x), absolute error at most 5e-7: an odd rational function on [-4, 4] (coefficients of Eigen's generic_fast_erf_float).
@inline(__always) func errorFunction(_ value: Float) -> Float {
  let x = clamped(value, -4, 4)
  let z = x * x
  var p: Float = -2.72614225801306e-10
  p = p * z + 2.77068142495902e-08
  p = p * z - 2.10102402082508e-06
  p = p * z - 5.69250639462346e-05
  p = p * z - 7.34990630326855e-04
  p = p * z - 2.95459980854025e-03
  p = p * z - 1.60960333262415e-02
  var q: Float = -1.45660718464996e-05
  q = q * z - 2.13374055278905e-04
  q = q * z - 1.68282697438203e-03
  q = q * z - 7.37332916720468e-03
  q = q * z - 1.42647390514189e-02
  return x * p / q
}

/// x times the normal distribution function of x (Hendrycks and Gimpel 2016).
@inline(__always) func gaussianErrorLinear(_ x: Float) -> Float {
  0.5 * x * (1 + errorFunction(x * 0.70710678118654752))
}

/// The form with tanh, written as x sigmoid(2 u).
@inline(__always) func approximateGaussianErrorLinear(_ x: Float) -> Float {
  let u = 0.79788456080286536 * (x + 0.044715 * x * x * x)
  return x / (1 + exponential(-2 * u))
}
