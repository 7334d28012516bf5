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
  func placement(storedWidth: Int, storedHeight: Int) -> (origin: Int, columnStep: Int, rowStep: Int) {
    let row = 3 * (swapsSides ? storedHeight : storedWidth)
    let lastColumn = storedWidth - 1
    let lastRow = storedHeight - 1
    return switch self {
    case .up: (0, 3, row)
    case .upMirrored: (3 * lastColumn, -3, row)
    case .down: (3 * lastColumn + row * lastRow, -3, -row)
    case .downMirrored: (row * lastRow, 3, -row)
    case .leftMirrored: (0, row, 3)
    case .right: (3 * lastRow, row, -3)
    case .rightMirrored: (3 * lastRow + row * lastColumn, -row, -3)
    case .left: (row * lastColumn, -row, 3)
    }
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

  /// Finds the orientation tag (0x0112) in the first directory of a TIFF structure; nil when there is none or the
  /// structure is damaged. A photo with bad Exif data is still a photo.
  init?(tiff: UnsafeRawBufferPointer) {
    let isLittleEndian: Bool
    switch (tiff.first, tiff.dropFirst().first) {
    case (UInt8(ascii: "I"), UInt8(ascii: "I")): isLittleEndian = true
    case (UInt8(ascii: "M"), UInt8(ascii: "M")): isLittleEndian = false
    default: return nil
    }
    func number(at offset: Int, size: Int) -> Int? {
      guard offset >= 0, offset <= tiff.count - size else { return nil }
      var value: UInt32 = 0
      for index in 0..<size {
        value = value << 8 | UInt32(tiff[offset + (isLittleEndian ? size - 1 - index : index)])
      }
      return Int(exactly: value)
    }
    guard number(at: 2, size: 2) == 42, let directory = number(at: 4, size: 4),
      let entryCount = number(at: directory, size: 2)
    else { return nil }
    let short = 3
    for index in 0..<entryCount {
      let entry = directory + 2 + 12 * index
      guard let tag = number(at: entry, size: 2) else { return nil }
      if tag == 0x0112 {
        guard number(at: entry + 2, size: 2) == short, let value = number(at: entry + 8, size: 2)
        else { return nil }
        self.init(rawValue: UInt16(value))
        return
      }
    }
    return nil
  }
}
