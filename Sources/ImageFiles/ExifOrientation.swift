import CImageFiles

/// Offsets in bytes: the stored column x and row y go to `origin + x * columnStep + y * rowStep`.
struct PixelPlacement {
  let origin: Int
  let columnStep: Int
  let rowStep: Int

  /// The same for the decoders, in the pixels at `base`.
  func target(_ base: UnsafeMutablePointer<UInt8>) -> image_placement {
    image_placement(origin: base + origin, column_step: columnStep, row_step: rowStep)
  }
}

/// How the stored rows and columns of a photo lie in the photo as it is to be seen; the raw values are Exif's.
enum ExifOrientation: UInt16, CaseIterable {
  case up = 1
  case upMirrored
  case down
  case downMirrored
  case leftMirrored
  case right
  case rightMirrored
  case left

  /// Whether the width becomes the height.
  var swapsSides: Bool { rawValue >= 5 }

  /// Where stored pixels go in the packed RGB buffer of the photo as seen, in bytes: the stored column x and row y
  /// start at `origin + x * columnStep + y * rowStep`.
  func placement(storedWidth: Int, storedHeight: Int) -> PixelPlacement {
    let row = 3 * (swapsSides ? storedHeight : storedWidth)
    let lastColumn = storedWidth - 1
    let lastRow = storedHeight - 1
    let (origin, columnStep, rowStep) =
      switch self {
      case .up: (0, 3, row)
      case .upMirrored: (3 * lastColumn, -3, row)
      case .down: (3 * lastColumn + row * lastRow, -3, -row)
      case .downMirrored: (row * lastRow, 3, -row)
      case .leftMirrored: (0, row, 3)
      case .right: (3 * lastRow, row, -3)
      case .rightMirrored: (3 * lastRow + row * lastColumn, -row, -3)
      case .left: (row * lastColumn, -row, 3)
      }
    return PixelPlacement(origin: origin, columnStep: columnStep, rowStep: rowStep)
  }

  /// The largest of 1, 2, 4 and 8 that leaves the short side at least `minimumShortSide` pixels.
  ///
  /// A reduced photo's last column and row can cover the photo only partly. Mirroring would make them the first, where
  /// nobody expects it, so a side that is mirrored is only reduced by what divides it.
  func reduction(storedWidth: Int, storedHeight: Int, minimumShortSide: Int?) -> Int {
    guard let minimumShortSide else { return 1 }
    let mirrorsColumns = self == .upMirrored || self == .down || self == .rightMirrored || self == .left
    let mirrorsRows = self == .downMirrored || self == .down || self == .rightMirrored || self == .right
    return [8, 4, 2].first { reduction in
      min(storedWidth, storedHeight) / reduction >= max(minimumShortSide, 1)
        && (!mirrorsColumns || storedWidth % reduction == 0)
        && (!mirrorsRows || storedHeight % reduction == 0)
    } ?? 1
  }

  /// Finds the orientation tag (0x0112) in the first directory of Exif data, a TIFF structure with or without "Exif\0\0" before
  /// it; nil when there is none or the structure is damaged: a photo with bad Exif data is still a photo.
  ///
  /// The value may be a number of any type but BYTE, as Pillow's `exif_transpose` takes it; of several entries the first
  /// that can be read counts.
  init?(exif: UnsafeRawBufferPointer) {
    var tiff = exif[...]
    while tiff.starts(with: "Exif\0\0".utf8) { tiff = tiff.dropFirst(6) }
    guard let value = TIFFDirectory(UnsafeRawBufferPointer(rebasing: tiff))?.number(ofTag: 0x0112),
      let code = UInt16(exactly: value)
    else { return nil }
    self.init(rawValue: code)
  }
}
