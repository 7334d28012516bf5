import CImageFiles
import HostRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

func systemErrorMessage(_ code: CInt) -> String {
  String(cString: strerror(code))
}

/// The bytes of one image file, consumed from front to back, and the name that errors give it.
struct ImageSource: ~Copyable {
  let name: String
  let handle: OpaquePointer
  private let ownedDescriptor: CInt?

  init(path: String) throws(ImageFileError) {
    var descriptor: CInt
    repeat { descriptor = open(path, O_RDONLY | O_CLOEXEC) } while descriptor < 0 && errno == EINTR
    guard descriptor >= 0 else {
      throw ImageFileError(path: path, reason: .cannotOpen(code: errno))
    }
    guard let handle = image_source_open_descriptor(descriptor) else {
      close(descriptor)
      throw ImageFileError(path: path, reason: .outOfMemory)
    }
    self.handle = handle
    name = path
    ownedDescriptor = descriptor
  }

  init(borrowing descriptor: CInt, name: String) throws(ImageFileError) {
    guard let handle = image_source_open_descriptor(descriptor) else {
      throw ImageFileError(path: name, reason: .outOfMemory)
    }
    self.handle = handle
    self.name = name
    ownedDescriptor = nil
  }

  /// `bytes` must outlive the source.
  init(borrowing bytes: UnsafeBufferPointer<UInt8>, name: String) throws(ImageFileError) {
    guard let handle = image_source_open_memory(bytes.baseAddress, bytes.count) else {
      throw ImageFileError(path: name, reason: .outOfMemory)
    }
    self.handle = handle
    self.name = name
    ownedDescriptor = nil
  }

  deinit {
    image_source_close(handle)
    if let ownedDescriptor { close(ownedDescriptor) }
  }

  /// Decodes the image in the format that its first bytes announce.
  func decode(_ options: ImageDecodingOptions) throws(ImageFileError) -> RGBImage {
    let start = peek(16)
    let code = image_source_error(handle)
    guard code == 0 else { throw error(.cannotRead(code: code)) }
    guard !start.isEmpty else { throw error(.empty) }
    switch ImageSignature(start) {
    case .format(.jpeg): return try decodeJPEG(options)
    case .format(.png): return try decodePNG(options)
    case .format(.netpbm): return try decodeNetpbm(options)
    case .partOf(let format): throw error(.truncated(format), at: UInt64(start.count))
    case .foreign(let name): throw error(.unsupported(detail: "\(name) is not read"))
    case .unknown: throw error(.notAnImage(firstBytes: Array(start.prefix(8))))
    }
  }

  func error(_ reason: ImageFileError.Reason, at offset: UInt64? = nil) -> ImageFileError {
    ImageFileError(path: name, reason: reason, offset: offset)
  }

  func error(_ failure: image_failure, _ format: ImageFormat) -> ImageFileError {
    let message = withUnsafeBytes(of: failure.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return switch failure.status {
    case image_truncated: error(.truncated(format), at: failure.offset)
    case image_unsupported: error(.unsupported(detail: "this kind of \(format) is not read: \(message)"))
    case image_out_of_memory: error(.outOfMemory)
    case image_read_failed: error(.cannotRead(code: failure.system_error), at: failure.offset)
    default: error(.corrupted(format, detail: message), at: failure.offset)
    }
  }

  /// Refuses sizes above the limit, and those whose bytes an `Int` cannot count.
  func checkSize(_ width: UInt32, _ height: UInt32, _ options: ImageDecodingOptions) throws(ImageFileError) {
    let (count, overflow) = UInt64(width).multipliedReportingOverflow(by: UInt64(height))
    let limit = UInt64(clamping: min(options.maximumPixelCount, Int.max / 3))
    guard !overflow, count <= limit else {
      throw error(
        .tooLarge(
          width: Int(clamping: width), height: Int(clamping: height),
          maximumPixelCount: options.maximumPixelCount))
    }
  }

  /// The pixels of `width` x `height` as `fill` writes them, RGB; refused where there is no memory for them.
  func pixels(
    _ width: Int, _ height: Int, _ fill: (UnsafeMutablePointer<UInt8>) throws(ImageFileError) -> Void
  ) throws(ImageFileError) -> [UInt8] {
    let count = 3 * width * height
    guard var pixels = AvailableMemory.bytes(count) else { throw error(.outOfMemory) }
    let failure = pixels.withUnsafeMutableBufferPointer { buffer -> ImageFileError? in
      guard let base = buffer.baseAddress else { return nil }
      do throws(ImageFileError) { try fill(base) } catch { return error }
      return nil
    }
    if let failure { throw failure }
    return pixels
  }

  private func peek(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      initializedCount = image_source_peek(handle, buffer.baseAddress, count)
    }
  }
}
