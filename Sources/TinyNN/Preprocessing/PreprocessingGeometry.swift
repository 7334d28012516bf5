/// The sizes that one photo goes through on its way to the input tensor.
public struct PreprocessingGeometry: Equatable, Sendable {
  let rows: ResampleAxis
  let columns: ResampleAxis

  /// Height of the whole resized photo. Only the crop is ever computed.
  public var resizedHeight: Int { rows.resizedSize }
  /// Width of the whole resized photo.
  public var resizedWidth: Int { columns.resizedSize }
  /// First row of the resized photo inside the crop.
  public var cropTop: Int { rows.cropOrigin }
  /// First column of the resized photo inside the crop.
  public var cropLeft: Int { columns.cropOrigin }
  /// The decoded rows that the result depends on.
  public var decodedRows: Range<Int> { rows.inputRange }
  /// The decoded columns that the result depends on.
  public var decodedColumns: Range<Int> { columns.inputRange }

  /// - Throws: `PreprocessingError.unsupportedPhotoSize`.
  public init(_ preprocessing: Preprocessing, photo: PhotoSize) throws(PreprocessingError) {
    // Double, because products of a photo's side (2^24 at most) and a resized side (2^20 at most) overflow a 32-bit
    // Int. They are exact, and a quotient up to 2^29 cannot round up to the next whole number.
    let height = Double(photo.fullHeight)
    let width = Double(photo.fullWidth)
    let leastHeight = Double(preprocessing.resizedHeight)
    let leastWidth = Double(preprocessing.resizedWidth)
    let isHeightBound = height * leastWidth <= width * leastHeight
    let resizedHeight = isHeightBound ? leastHeight : leastWidth * height / width
    let resizedWidth = isHeightBound ? leastHeight * width / height : leastWidth
    let limit = Double(1 << 29)
    guard resizedHeight <= limit, resizedWidth <= limit else {
      throw .unsupportedPhotoSize(height: photo.fullHeight, width: photo.fullWidth)
    }
    let reduction = Double(photo.reduction)
    rows = ResampleAxis(
      inputSize: photo.height, coveredSize: height / reduction, resizedSize: Int(resizedHeight),
      cropSize: preprocessing.inputHeight, interpolation: preprocessing.interpolation)
    columns = ResampleAxis(
      inputSize: photo.width, coveredSize: width / reduction, resizedSize: Int(resizedWidth),
      cropSize: preprocessing.inputWidth, interpolation: preprocessing.interpolation)
  }
}
