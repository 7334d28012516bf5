/// One direction of Pillow's 8-bit resampling, restricted to the part of the result that the crop keeps.
///
/// Each output pixel is a weighted sum of the input pixels under a filter centred on it; when reducing, the filter is
/// stretched by the reduction. The weights are computed in double precision with +, -, * and / only, in the order of
/// Pillow's `precompute_coeffs`, and then rounded to fixed point, so they are the same on every machine.
/// Source: Pillow, src/libImaging/Resample.c.
struct ResampleAxis: Equatable, Sendable {
    /// Fraction bits of a weight: 8 bits of the pixel and 2 of headroom for the filter's overshoot are left.
    static let fractionBits: Int32 = 32 - 8 - 2

    /// Pixels of the photo along this axis.
    let inputSize: Int
    /// Pixels of the whole resized photo along this axis.
    let resizedSize: Int
    /// First resized pixel that the crop keeps.
    let cropOrigin: Int
    /// Number of resized pixels that the crop keeps.
    let cropSize: Int
    /// The most input pixels under the filter.
    let tapCapacity: Int

    private let interpolation: Preprocessing.Interpolation
    private let scale: Double
    private let filterScale: Double
    private let support: Double

    init(
        inputSize: Int, resizedSize: Int, cropOrigin: Int, cropSize: Int,
        interpolation: Preprocessing.Interpolation
    ) {
        self.inputSize = inputSize
        self.resizedSize = resizedSize
        self.cropOrigin = cropOrigin
        self.cropSize = cropSize
        self.interpolation = interpolation
        scale = Double(inputSize) / Double(resizedSize)
        filterScale = scale < 1 ? 1 : scale
        let filterSupport: Double
        switch interpolation {
        case .bilinear: filterSupport = 1
        case .bicubic: filterSupport = 2
        }
        support = filterSupport * filterScale
        let wholeSupport = Int(support)
        let roundedUp = Double(wholeSupport) < support ? wholeSupport + 1 : wholeSupport
        tapCapacity = min(roundedUp * 2 + 1, inputSize)
    }

    /// The input pixels under the filter of pixel `index` of the crop.
    func window(_ index: Int) -> Range<Int> {
        let centre = centre(index)
        let start = max(Int(centre - support + 0.5), 0)
        let end = min(Int(centre + support + 0.5), inputSize)
        return start..<end
    }

    /// All input pixels that the crop needs.
    var inputRange: Range<Int> {
        window(0).lowerBound..<window(cropSize - 1).upperBound
    }

    /// Writes the fixed-point weights of `window(index)` to `weights`, from element `offset` on.
    func writeWeights(_ index: Int, to weights: inout MutableSpan<Int32>, at offset: Int) {
        let centre = centre(index)
        let window = window(index)
        let inverseScale = 1 / filterScale
        var sum = 0.0
        for pixel in window {
            sum += filter((Double(pixel) - centre + 0.5) * inverseScale)
        }
        for pixel in window {
            var weight = filter((Double(pixel) - centre + 0.5) * inverseScale)
            if sum != 0 { weight /= sum }
            let fixed = weight * Double(1 << Int(Self.fractionBits))
            weights[offset + pixel - window.lowerBound] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
        }
    }

    private func centre(_ index: Int) -> Double {
        (Double(index + cropOrigin) + 0.5) * scale
    }

    private func filter(_ position: Double) -> Double {
        let x = position < 0 ? -position : position
        switch interpolation {
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        }
    }
}
