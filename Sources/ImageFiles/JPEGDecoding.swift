import CImageFiles

extension ImageSource {
    func decodeJPEG(_ options: ImageDecodingOptions) throws(ImageFileError) -> RGBImage {
        var failure = image_failure()
        guard let reader = image_jpeg_open(handle, &failure) else { throw error(failure, .jpeg) }
        defer { image_jpeg_close(reader) }
        var width: UInt32 = 0
        var height: UInt32 = 0
        image_jpeg_stored_size(reader, &width, &height)
        try checkSize(width, height, options)

        let eighths = Self.eighths(shortSide: min(width, height), minimum: options.minimumShortSide)
        guard image_jpeg_set_scale(reader, eighths, &width, &height, &failure) == image_ok else {
            throw error(failure, .jpeg)
        }
        let orientation = exifOrientation(reader)
        let placement = orientation.placement(storedWidth: Int(width), storedHeight: Int(height))
        var status = image_ok
        let pixels = [UInt8](unsafeUninitializedCapacity: Int(width) * Int(height) * 3) { buffer, initializedCount in
            guard let base = buffer.baseAddress else { return }
            // The orientation maps the stored width x height pixels one to one onto the buffer's.
            let target = image_placement(
                origin: base + placement.origin, column_step: placement.columnStep, row_step: placement.rowStep)
            status = image_jpeg_decode(reader, target, &failure)
            initializedCount = status == image_ok ? buffer.count : 0
        }
        guard status == image_ok else { throw error(failure, .jpeg) }
        return RGBImage(
            width: orientation.swapsSides ? Int(height) : Int(width),
            height: orientation.swapsSides ? Int(width) : Int(height),
            pixels: pixels, warningCount: image_jpeg_warning_count(reader))
    }

    /// The smallest of 8/8, 4/8, 2/8 and 1/8 that leaves the short side at least `minimum` long. libjpeg rounds up.
    static func eighths(shortSide: UInt32, minimum: Int?) -> UInt32 {
        guard let minimum else { return 8 }
        var eighths: UInt32 = 8
        while eighths > 1, (UInt64(shortSide) * UInt64(eighths / 2) + 7) / 8 >= max(minimum, 1) {
            eighths /= 2
        }
        return eighths
    }

    private func exifOrientation(_ reader: OpaquePointer) -> ExifOrientation {
        var count = 0
        guard let start = image_jpeg_exif(reader, &count) else { return .up }
        // The segment lives until the reader is closed.
        return ExifOrientation(tiff: UnsafeRawBufferPointer(start: start, count: count)) ?? .up
    }
}
