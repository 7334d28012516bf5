extension Preprocessing {
    /// What the start of the scratch memory must be a multiple of, in bytes.
    public static let scratchAlignment = 4

    /// Scratch bytes for a photo of this size. For another size, ask again: a thinner photo can need more.
    ///
    /// About `inputWidth x (4 x (k + 2)) + k x (3 x inputWidth + 4)` bytes, where the filter covers k = 2 x reduction + 1
    /// pixels (bicubic: 4 x reduction + 1).
    public func scratchByteCount(imageHeight: Int, imageWidth: Int) throws(PreprocessingError) -> Int {
        let geometry = try PreprocessingGeometry(self, imageHeight: imageHeight, imageWidth: imageWidth)
        return try PreprocessingScratchLayout(geometry).byteCount
    }

    /// Turns a photo into the input tensor.
    /// - Parameters:
    ///   - pixels: RGB, 8 bit, `imageHeight` rows that start `rowStride` bytes apart.
    ///   - rowStride: At least 3 x `imageWidth`.
    ///   - output: [inputHeight, inputWidth, 3].
    ///   - scratch: At least `scratchByteCount(imageHeight:imageWidth:)` bytes, aligned to `scratchAlignment`.
    /// - Throws: Before anything is written to `output`.
    public func run(
        pixels: Span<UInt8>, imageHeight: Int, imageWidth: Int, rowStride: Int,
        output: inout MutableSpan<Float>, scratch: inout MutableRawSpan
    ) throws(PreprocessingError) {
        guard output.count == outputCount else {
            throw .wrongOutputCount(required: outputCount, actual: output.count)
        }
        var stream = try PreprocessingStream(
            self, imageHeight: imageHeight, imageWidth: imageWidth, scratch: &scratch)
        let rowByteCount = 3 * imageWidth
        guard rowStride >= rowByteCount else {
            throw .strideTooSmall(required: rowByteCount, actual: rowStride)
        }
        let (lastRow, overflow) = rowStride.multipliedReportingOverflow(by: imageHeight - 1)
        let (required, overflow2) = lastRow.addingReportingOverflow(rowByteCount)
        guard !overflow, !overflow2, pixels.count >= required else {
            throw .tooFewPixelBytes(required: overflow || overflow2 ? Int.max : required, actual: pixels.count)
        }
        while !stream.isComplete {
            let start = stream.nextImageRow * rowStride
            try stream.push(
                row: pixels.extracting(start..<start + rowByteCount), scratch: &scratch, output: &output)
        }
    }
}
