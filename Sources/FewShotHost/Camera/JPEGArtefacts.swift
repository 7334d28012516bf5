import FewShot
import TinyNN

/// What JPEG does to a photo: luma and chroma of 8x8 blocks lose the precision that their quantization tables do not keep
/// (ITU-T T.81, annex K.1, scaled by quality as libjpeg does). Chroma is not subsampled.
///
/// Not by libjpeg itself: its results differ between versions and machines, and measurements must not.
struct JPEGArtefacts {
  private let luma: [Float], chroma: [Float]
  /// [frequency][place]
  private let basis: [Float]

  private static let lumaTable: [Float] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112,
    100, 103, 99,
  ]
  private static let chromaTable: [Float] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  ]
  /// cos(k pi / 16) for k = 0 ... 8.
  private static let cosines: [Float] = [1, 0.98078528, 0.92387953, 0.83146961, 0.70710678, 0.55557023, 0.38268343, 0.19509032, 0]

  /// - Parameter quality: 1 ... 100.
  init(quality: Float) {
    let factor = quality < 50 ? 50 / quality : 2 - quality / 50
    (luma, chroma) = (
      JPEGArtefacts.lumaTable.map { max(1, ($0 * factor).rounded()) },
      JPEGArtefacts.chromaTable.map { max(1, ($0 * factor).rounded()) }
    )
    basis = (0..<64).map { index in
      let (frequency, place) = (index / 8, index % 8)
      let quarter = (2 * place + 1) * frequency % 32
      let folded = quarter > 16 ? 32 - quarter : quarter
      let cosine = folded <= 8 ? JPEGArtefacts.cosines[folded] : -JPEGArtefacts.cosines[16 - folded]
      return cosine * (frequency == 0 ? 0.35355339 : 0.5)
    }
  }

  /// `image`: [height, width, 3], red, green and blue in -1 ... 1. Blocks at the edges repeat the last row and column.
  func apply(_ image: inout [Float], height: Int, width: Int) {
    var block = [Float](repeating: 0, count: 3 * 64)
    for top in stride(from: 0, to: height, by: 8) {
      for left in stride(from: 0, to: width, by: 8) {
        for i in 0..<64 {
          let at = (min(height - 1, top + i / 8) * width + min(width - 1, left + i % 8)) * 3
          let (r, g, b) = (127.5 * image[at], 127.5 * image[at + 1], 127.5 * image[at + 2])
          block[i] = 0.299 * r + 0.587 * g + 0.114 * b
          block[64 + i] = -0.168736 * r - 0.331264 * g + 0.5 * b
          block[128 + i] = 0.5 * r - 0.418688 * g - 0.081312 * b
        }
        for plane in 0..<3 { quantize(&block, at: 64 * plane, plane == 0 ? luma : chroma) }
        for i in 0..<64 where top + i / 8 < height && left + i % 8 < width {
          let at = ((top + i / 8) * width + left + i % 8) * 3
          let (y, cb, cr) = (block[i], block[64 + i], block[128 + i])
          image[at] = max(-1, min(1, (y + 1.402 * cr) / 127.5))
          image[at + 1] = max(-1, min(1, (y - 0.344136 * cb - 0.714136 * cr) / 127.5))
          image[at + 2] = max(-1, min(1, (y + 1.772 * cb) / 127.5))
        }
      }
    }
  }

  private func quantize(_ values: inout [Float], at start: Int, _ table: [Float]) {
    var (half, spectrum) = ([Float](repeating: 0, count: 64), [Float](repeating: 0, count: 64))
    for v in 0..<8 { for x in 0..<8 { for y in 0..<8 { half[v * 8 + x] += basis[v * 8 + y] * values[start + y * 8 + x] } } }
    for v in 0..<8 { for u in 0..<8 { for x in 0..<8 { spectrum[v * 8 + u] += basis[u * 8 + x] * half[v * 8 + x] } } }
    for i in 0..<64 { spectrum[i] = (spectrum[i] / table[i]).rounded() * table[i] }
    for v in 0..<8 {
      for x in 0..<8 {
        half[v * 8 + x] = 0
        for u in 0..<8 { half[v * 8 + x] += basis[u * 8 + x] * spectrum[v * 8 + u] }
      }
    }
    for y in 0..<8 {
      for x in 0..<8 {
        values[start + y * 8 + x] = 0
        for v in 0..<8 { values[start + y * 8 + x] += basis[v * 8 + y] * half[v * 8 + x] }
      }
    }
  }
}
