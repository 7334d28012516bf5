/// The sizes that one photo goes through on its way to the input tensor.
public struct PreprocessingGeometry: Equatable, Sendable {
    /// The largest accepted height and width of a photo.
    public static let maximumImageSize = 1 << 24

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
    /// The rows of the photo that the result depends on.
    public var imageRows: Range<Int> { rows.inputRange }
    /// The columns of the photo that the result depends on.
    public var imageColumns: Range<Int> { columns.inputRange }

    /// - Throws: `PreprocessingError.unsupportedImageSize`.
    public init(
        _ preprocessing: Preprocessing, imageHeight: Int, imageWidth: Int
    ) throws(PreprocessingError) {
        guard imageHeight >= 1, imageHeight <= Self.maximumImageSize,
            imageWidth >= 1, imageWidth <= Self.maximumImageSize
        else { throw .unsupportedImageSize(height: imageHeight, width: imageWidth) }

        // Double, because products of a photo's side (2^24 at most) and a resized side (2^20 at most) overflow a 32-bit
        // Int. They are exact, and a quotient up to 2^29 cannot round up to the next whole number.
        let height = Double(imageHeight)
        let width = Double(imageWidth)
        let leastHeight = Double(preprocessing.resizedHeight)
        let leastWidth = Double(preprocessing.resizedWidth)
        let isHeightBound = height * leastWidth <= width * leastHeight
        let resizedHeight = isHeightBound ? leastHeight : leastWidth * height / width
        let resizedWidth = isHeightBound ? leastHeight * width / height : leastWidth
        let limit = Double(1 << 29)
        guard resizedHeight <= limit, resizedWidth <= limit else {
            throw .unsupportedImageSize(height: imageHeight, width: imageWidth)
        }
        rows = Self.axis(
            imageHeight, Int(resizedHeight), crop: preprocessing.inputHeight,
            preprocessing.interpolation)
        columns = Self.axis(
            imageWidth, Int(resizedWidth), crop: preprocessing.inputWidth,
            preprocessing.interpolation)
    }

    private static func axis(
        _ inputSize: Int, _ resizedSize: Int, crop: Int, _ interpolation: Preprocessing.Interpolation
    ) -> ResampleAxis {
        let margin = resizedSize - crop
        // Python's round(margin / 2.0): a half goes to the even neighbour.
        let origin = margin % 2 == 0 ? margin / 2 : (margin / 2) + (margin / 2) % 2
        return ResampleAxis(
            inputSize: inputSize, resizedSize: resizedSize, cropOrigin: origin, cropSize: crop,
            interpolation: interpolation)
    }
}
