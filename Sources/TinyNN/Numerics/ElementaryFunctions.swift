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

/// The natural logarithm; minus infinity at 0, NaN below. Accuracy as `ElementaryMath.log`.
@inline(__always) func naturalLogarithm(_ x: Float) -> Float {
  if x >= 0x1p-126 { return x < .infinity ? ElementaryMath.log(x) : x }
  if x > 0 { return ElementaryMath.log(x * 0x1p24) - 16.635532333438686 }
  return x == 0 ? -.infinity : .nan
}

/// log(1 + exp(x)), absolute error at most 2e-7 below 1, relative error at most 2e-7 above.
@inline(__always) func softplus(_ x: Float) -> Float {
  let magnitude = x < 0 ? -x : x
  let t = exponential(-magnitude)
  // Below 2^-12 the sum 1 + t loses what matters; there the series has two terms.
  let tail = t < 2.44140625e-4 ? t - 0.5 * t * t : ElementaryMath.log(1 + t)
  return (x > 0 ? x : 0) + tail
}

/// `x` to the power `y`. Small whole exponents by multiplication, the others as exp(y log x) with a relative error of about
/// 1e-7 (1 + |y log x|).
@inline(__always) func power(_ x: Float, _ y: Float) -> Float {
  if y == 2 { return x * x }
  if y == 0.5 { return x.squareRoot() }
  if y == -0.5 { return 1 / x.squareRoot() }
  let whole = roundedToEven(y)
  if whole == y, y.magnitude <= 64 {
    var (result, factor, rest): (Float, Float, Float) = (1, x, y.magnitude)
    while rest >= 1 {
      let half = roundedDown(0.5 * rest)
      if rest != half + half { result = result * factor }
      factor = factor * factor
      rest = half
    }
    return y < 0 ? 1 / result : result
  }
  if x == 0 { return y > 0 ? 0 : .infinity }
  if x < 0, whole != y { return .nan }
  let result = exponential(y * naturalLogarithm(x.magnitude))
  return x < 0 && roundedToEven(whole * 0.5) * 2 != whole ? -result : result
}

/// The nearest integer, ties to even. Adding 2^23 to a smaller number rounds it; larger ones are integers.
@inline(__always) func roundedToEven(_ x: Float) -> Float {
  let magnitude = x.magnitude
  if magnitude >= 8_388_608 { return x }
  let whole = (magnitude + 8_388_608) - 8_388_608
  return x < 0 ? -whole : whole
}

@inline(__always) func roundedDown(_ x: Float) -> Float {
  let nearest = roundedToEven(x)
  return nearest > x ? nearest - 1 : nearest
}

@inline(__always) func roundedUp(_ x: Float) -> Float {
  let nearest = roundedToEven(x)
  return nearest < x ? nearest + 1 : nearest
}

@inline(__always) func sine(_ x: Float) -> Float { sinusoid(x, quarterTurns: 0) }
@inline(__always) func cosine(_ x: Float) -> Float { sinusoid(x, quarterTurns: 1) }

/// sin(x + quarterTurns * pi / 2), absolute error at most 2e-7 for |x| up to 8192; beyond it grows with x.
///
/// Range reduction by multiples of pi / 2 in three parts (Cody and Waite, 1980), polynomials on [-pi / 4, pi / 4] (coefficients of
/// Cephes' sinf and cosf).
@inline(__always) func sinusoid(_ x: Float, quarterTurns: UInt32) -> Float {
  let limited = clamped(x, -4e6, 4e6)
  let shifted = limited * 0.6366197723675814 + 12_582_912
  let n = shifted - 12_582_912
  var r = limited - n * 1.5703125
  r = r - n * 4.837512969970703e-4
  r = r - n * 7.549789948768648e-8
  let z = r * r
  let quarter = shifted.bitPattern &+ quarterTurns
  var y: Float
  if quarter & 1 == 0 {
    y = -1.9515295891e-4
    y = y * z + 8.3321608736e-3
    y = y * z - 1.6666654611e-1
    y = y * z * r + r
  } else {
    y = 2.443315711809948e-5
    y = y * z - 1.388731625493765e-3
    y = y * z + 4.166664568298827e-2
    y = y * z * z - 0.5 * z + 1
  }
  return quarter & 2 == 0 ? y : -y
}
