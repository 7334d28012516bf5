import Testing
import TinyNN

private func preprocessingError(_ body: () throws(PreprocessingError) -> Void) -> PreprocessingError? {
  do {
    try body()
    return nil
  } catch {
    return error
  }
}

@Suite struct PreprocessingSizeTests {
  struct Sizes: Sendable {
    let photo: (height: Int, width: Int)
    let input: Int
    let cropFraction: Float
    let resized: (height: Int, width: Int)
    let crop: (top: Int, left: Int)

    init(_ h: Int, _ w: Int, _ n: Int, _ f: Float, _ rh: Int, _ rw: Int, _ top: Int, _ left: Int) {
      photo = (h, w)
      input = n
      cropFraction = f
      (resized, crop) = ((rh, rw), (top, left))
    }
  }

  /// Sizes that torchvision's Resize(int(N / F)) and CenterCrop(N) give.
  static let torchvisionSizes = [
    Sizes(225, 300, 128, 0.875, 146, 194, 9, 33),
    Sizes(300, 225, 128, 0.875, 194, 146, 33, 9),
    Sizes(256, 256, 224, 0.875, 256, 256, 16, 16),
    Sizes(3024, 4032, 224, 0.875, 256, 341, 16, 58),
    Sizes(50, 67, 20, 0.9, 22, 29, 1, 4),
    Sizes(67, 50, 20, 0.85, 30, 23, 5, 2),
    Sizes(1000, 3, 16, 1, 5333, 16, 2658, 0),
    Sizes(1, 1, 5, 1, 5, 5, 0, 0),
    Sizes(720, 1280, 149, 0.985, 151, 268, 1, 60),
    Sizes(200, 199, 128, 0.975, 131, 131, 2, 2),
  ]

  @Test(arguments: torchvisionSizes)
  func sizesAreTorchvisions(_ sizes: Sizes) throws {
    let preprocessing = try Preprocessing(
      inputHeight: sizes.input, inputWidth: sizes.input, cropFraction: sizes.cropFraction)
    let photo = try PhotoSize(height: sizes.photo.height, width: sizes.photo.width)
    let geometry = try PreprocessingGeometry(preprocessing, photo: photo)
    #expect((geometry.resizedHeight, geometry.resizedWidth) == sizes.resized)
    #expect((geometry.cropTop, geometry.cropLeft) == sizes.crop)
  }

  /// Quotients that are whole numbers in decimal but not with F rounded to Float.
  @Test(arguments: [
    (96, 0.8, 120), (224, 0.7, 320), (99, 0.9, 110), (224, 0.875, 256), (96, 0.875, 109), (128, 0.95, 134),
  ])
  func resizedSizeIsRoundedDown(input: Int, cropFraction: Float, resized: Int) throws {
    let preprocessing = try Preprocessing(inputHeight: input, inputWidth: input, cropFraction: cropFraction)
    #expect(preprocessing.resizedHeight == resized)
    #expect(preprocessing.decodedShortSide == 2 * resized)
  }

  @Test func photosBeyondTheLimitsAreRefused() throws {
    let error = PreprocessingError.unsupportedPhotoSize(height: 0, width: 7)
    #expect(preprocessingError { () throws(PreprocessingError) in _ = try PhotoSize(height: 0, width: 7) } == error)
    for (height, width, reduction) in [(7, -1, 1), (1 << 24 + 1, 7, 1), (7, 7, 0), (7, 7, 65)] {
      let error = preprocessingError { () throws(PreprocessingError) in
        _ = try PhotoSize(height: height, width: width, reduction: reduction)
      }
      #expect(error == .unsupportedPhotoSize(height: height, width: width))
    }
    let thread = try PhotoSize(height: 1, width: PhotoSize.maximum)
    let preprocessing = try Preprocessing(inputHeight: 64, inputWidth: 64)
    let thin = preprocessingError { () throws(PreprocessingError) in
      _ = try preprocessing.scratchByteCount(photo: thread)
    }
    #expect(thin == .unsupportedPhotoSize(height: 1, width: PhotoSize.maximum))
  }

  @Test func scratchForAShortSideIsEnoughForEveryPhoto() throws {
    var state: UInt64 = 5
    func random(_ range: ClosedRange<Int>) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return range.lowerBound + Int(state >> 33) % range.count
    }
    for _ in 0..<3000 {
      let preprocessing = try Preprocessing(
        inputHeight: random(1...40), inputWidth: random(1...40), cropFraction: Float(random(3...10)) / 10,
        interpolation: random(0...1) == 0 ? .bilinear : .bicubic)
      let short = random(1...400)
      let long = short + random(0...900)
      let photo =
        random(0...1) == 0
        ? try PhotoSize(height: short, width: long) : try PhotoSize(height: long, width: short)
      let needed = try preprocessing.scratchByteCount(photo: photo)
      let enough = try preprocessing.scratchByteCount(decodedShortSide: short)
      #expect(needed <= enough, "\(preprocessing) \(photo)")
    }
  }
}

@Suite struct PreprocessingRunTests {
  @Test(arguments: [Preprocessing.Interpolation.bilinear, .bicubic])
  func aPhotoOfTheInputSizeIsCopiedAndNormalised(_ interpolation: Preprocessing.Interpolation) throws {
    let preprocessing = try Preprocessing(
      inputHeight: 9, inputWidth: 9, interpolation: interpolation, mean: SIMD3(123.675, 116.28, 103.53),
      standardDeviation: SIMD3(58.395, 57.12, 57.375))
    let pixels = syntheticPixels(height: 9, width: 9)
    let tensor = try preprocessing.tensor(pixels, PhotoSize(height: 9, width: 9))
    let expected = pixels.enumerated().map { index, value in
      (Float(value) - preprocessing.mean[index % 3]) / preprocessing.standardDeviation[index % 3]
    }
    #expect(difference(tensor, expected) == nil)
  }

  @Test(arguments: [(5, 3), (31, 47), (200, 90), (7, 300)])
  func aPlainPhotoStaysPlain(height: Int, width: Int) throws {
    for interpolation in [Preprocessing.Interpolation.bilinear, .bicubic] {
      let preprocessing = try Preprocessing(
        inputHeight: 21, inputWidth: 18, cropFraction: 0.9, interpolation: interpolation)
      let photo = try PhotoSize(height: height, width: width)
      for value: UInt8 in [0, 1, 128, 254, 255] {
        let tensor = try preprocessing.tensor([UInt8](repeating: value, count: 3 * height * width), photo)
        #expect(tensor.allSatisfy { $0 == Float(value) }, "\(interpolation), \(width)x\(height), value \(value)")
      }
    }
  }

  @Test func rowStrideAndUnneededPixelsDoNotMatter() throws {
    let preprocessing = try Preprocessing(inputHeight: 16, inputWidth: 16, cropFraction: 0.8, interpolation: .bicubic)
    let (height, width) = (70, 120)
    let photo = try PhotoSize(height: height, width: width)
    let pixels = syntheticPixels(height: height, width: width)
    let expected = try preprocessing.tensor(pixels, photo)
    let geometry = try PreprocessingGeometry(preprocessing, photo: photo)
    #expect(geometry.decodedRows.lowerBound > 0 && geometry.decodedRows.upperBound < height)
    #expect(geometry.decodedColumns.lowerBound > 0 && geometry.decodedColumns.upperBound < width)

    let stride = 3 * width + 11
    var padded = syntheticPixels(height: height, width: width + 4, seed: 9)
    for row in geometry.decodedRows {
      for column in geometry.decodedColumns {
        for channel in 0..<3 {
          padded[row * stride + 3 * column + channel] = pixels[(row * width + column) * 3 + channel]
        }
      }
    }
    #expect(difference(try preprocessing.tensor(padded, photo, rowStride: stride), expected) == nil)
  }

  @Test func aStreamOfRowsGivesTheSame() throws {
    let preprocessing = try Preprocessing(inputHeight: 12, inputWidth: 20, cropFraction: 0.9)
    let (height, width) = (53, 41)
    let photo = try PhotoSize(height: height, width: width)
    let pixels = syntheticPixels(height: height, width: width)
    let scratchByteCount = try preprocessing.scratchByteCount(photo: photo)
    let result = try withScratch(scratchByteCount) { scratch throws(PreprocessingError) in
      var output = [Float](repeating: .nan, count: preprocessing.outputCount)
      var outputSpan = output.mutableSpan
      var stream = try PreprocessingStream(preprocessing, photo: photo, scratch: &scratch)
      for row in 0..<height {
        #expect(stream.nextRow == row)
        #expect(stream.isComplete == (row >= stream.geometry.decodedRows.upperBound))
        let rowPixels = Array(pixels[row * 3 * width..<(row + 1) * 3 * width])
        try stream.push(row: rowPixels.span, scratch: &scratch, output: &outputSpan)
      }
      #expect(stream.isComplete)
      var refusal: PreprocessingError?
      do throws(PreprocessingError) {
        try stream.push(row: pixels.span, scratch: &scratch, output: &outputSpan)
      } catch { refusal = error }
      #expect(refusal == .tooManyRows)
      return output
    }
    #expect(difference(result, try preprocessing.tensor(pixels, photo)) == nil)
  }

  @Test func anInt8InputIsTheFloatInputQuantized() throws {
    let preprocessing = try Preprocessing(inputHeight: 12, inputWidth: 20, cropFraction: 0.9)
    let (height, width) = (53, 41)
    let photo = try PhotoSize(height: height, width: width)
    let pixels = syntheticPixels(height: height, width: width)
    let map = Quantization(scale: 1.7, zeroPoint: -80)
    let expected = try preprocessing.tensor(pixels, photo).map { map.quantize($0) }
    let scratchByteCount = try preprocessing.scratchByteCount(photo: photo)
    let (whole, streamed) = try withScratch(scratchByteCount) { scratch throws(PreprocessingError) in
      var whole = [Int8](repeating: 0, count: preprocessing.outputCount), streamed = whole
      var wholeSpan = whole.mutableSpan
      try preprocessing.run(
        pixels: pixels.span, photo: photo, rowStride: 3 * width, output: &wholeSpan, map, scratch: &scratch)
      var streamedSpan = streamed.mutableSpan
      var stream = try PreprocessingStream(preprocessing, photo: photo, scratch: &scratch)
      for row in 0..<height {
        try stream.push(
          row: pixels.span.extracting(row * 3 * width..<(row + 1) * 3 * width), scratch: &scratch, output: &streamedSpan, map)
      }
      return (whole, streamed)
    }
    for (name, found) in [("whole", whole), ("row by row", streamed)] {
      let wrong = zip(found, expected).filter { $0.0 != $0.1 }.count
      #expect(found.count == expected.count && wrong == 0, "\(name): \(wrong) of \(expected.count) values differ")
    }
  }

  @Test func memoryThatIsTooSmallIsRefused() throws {
    let preprocessing = try Preprocessing(inputHeight: 8, inputWidth: 8)
    let photo = try PhotoSize(height: 30, width: 20)
    let pixels = syntheticPixels(height: 30, width: 20)
    let needed = try preprocessing.scratchByteCount(photo: photo)
    func error(
      _ pixels: [UInt8], rowStride: Int? = nil, scratch: Int? = nil, offset: Int = 0, output: Int? = nil
    ) -> PreprocessingError? {
      preprocessingError { () throws(PreprocessingError) in
        _ = try preprocessing.tensor(
          pixels, photo, rowStride: rowStride, scratchByteCount: scratch, scratchOffset: offset, outputCount: output)
      }
    }
    #expect(error(pixels, scratch: needed) == nil)
    #expect(error(pixels, scratch: needed - 1) == .scratchTooSmall(required: needed, actual: needed - 1))
    #expect(error(pixels, scratch: 0) == .scratchTooSmall(required: needed, actual: 0))
    #expect(error(pixels.dropLast()) == .tooFewPixelBytes(required: 1800, actual: 1799))
    #expect(error(pixels, rowStride: 61) == .tooFewPixelBytes(required: 29 * 61 + 60, actual: 1800))
    #expect(error(pixels, rowStride: 59) == .strideTooSmall(required: 60, actual: 59))
    #expect(error(pixels, rowStride: .max) == .tooFewPixelBytes(required: .max, actual: 1800))

    #expect(error(pixels, output: 191) == .wrongOutputCount(required: 192, actual: 191))
    #expect(error(pixels, output: 193) == .wrongOutputCount(required: 192, actual: 193))
    for offset in 1...3 { #expect(error(pixels, offset: offset) == .misalignedScratch) }
    #expect(error(pixels, offset: 4) == nil)
  }
}

@Suite struct PreprocessingRecordTests {
  private let imagenet = try! Preprocessing(
    inputHeight: 224, inputWidth: 160, cropFraction: 0.875, interpolation: .bicubic,
    mean: SIMD3(123.675, 116.28, 103.53), standardDeviation: SIMD3(58.395, 57.12, 57.375))

  private func error(_ bytes: [UInt8]) -> PreprocessingError? {
    preprocessingError { () throws(PreprocessingError) in _ = try Preprocessing(recordBytes: bytes) }
  }

  @Test func theRecordHoldsEverything() throws {
    let bytes = try imagenet.record()
    #expect(try Preprocessing(recordBytes: bytes) == imagenet)
    #expect(bytes[..<20] == [1, 0, 0, 0, 224, 0, 0, 0, 160, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x60, 0x3F])
    #expect(bytes[44...].allSatisfy { $0 == 0 })
  }

  @Test(arguments: [
    (PreprocessingError.Field.version, 0, UInt32(2)),
    (.inputHeight, 4, 0), (.inputHeight, 4, 16385), (.inputHeight, 4, .max), (.inputWidth, 8, 0),
    (.inputWidth, 8, 0x8000_0000), (.interpolation, 12, 2), (.cropFraction, 16, Float(0).bitPattern),
    (.cropFraction, 16, Float(1.01).bitPattern), (.cropFraction, 16, Float.nan.bitPattern),
    (.cropFraction, 16, Float(-0.5).bitPattern), (.cropFraction, 16, Float.leastNonzeroMagnitude.bitPattern),
    (.cropFraction, 16, Float(0.0001).bitPattern), (.mean, 20, Float.infinity.bitPattern),
    (.mean, 28, Float.nan.bitPattern), (.standardDeviation, 32, 0), (.standardDeviation, 36, Float(-1).bitPattern),
    (.standardDeviation, 40, Float.nan.bitPattern), (.standardDeviation, 40, Float.infinity.bitPattern),
    (.reserved, 44, 1), (.reserved, 60, 0x0100_0000),
  ])
  func damagedFieldsAreNamed(field: PreprocessingError.Field, offset: Int, value: UInt32) throws {
    var bytes = try imagenet.record()
    for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
    #expect(error(bytes) == .invalidField(field))
    #expect(field.recordOffset <= offset)
    #expect(PreprocessingError.invalidField(field).description.contains("byte \(field.recordOffset)"))
  }

  @Test func recordsOfAnotherLengthAreRefused() throws {
    let bytes = try imagenet.record()
    for count in 0..<64 { #expect(error(Array(bytes[..<count])) == .wrongRecordSize(actual: count)) }
    #expect(error(bytes + [0]) == .wrongRecordSize(actual: 65))
  }
}
