public import FewShot
public import TinyNN

/// What another camera does to a photo: blur, exposure, a colour cast, noise and JPEG artefacts, for measurements.
///
/// At strength 1, in values of -1 ... 1: a 5x5 box blur, x 0.55 - 0.35, channels x 1, 0.9, 0.75, Gaussian noise of 0.10, JPEG of
/// quality 8, cut off at -1 and 1. Smaller strengths are that much of each.
public struct CameraShift: Equatable, Sendable {
  /// What is changed.
  public struct Part: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let blur = Part(rawValue: 1)
    public static let exposure = Part(rawValue: 2)
    public static let colour = Part(rawValue: 4)
    public static let noise = Part(rawValue: 8)
    public static let jpeg = Part(rawValue: 16)
    /// A cheap lens at dusk.
    public static let camera: Part = [.blur, .exposure, .colour, .noise]

    static let named: [(name: String, part: Part)] = [
      ("blur", .blur), ("exposure", .exposure), ("colour", .colour), ("noise", .noise), ("jpeg", .jpeg),
    ]
    public static let names = named.map(\.name)
  }

  public var parts: Part
  public var strength: Float

  public init(parts: Part = .camera, strength: Float = 1) {
    self.parts = parts
    self.strength = strength
  }

  /// Reads `NAME` or `NAME:S`, NAME being camera or one of `Part.names`, S above 0 and at most 1.
  public init?(_ text: String) {
    let words = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let first = words.first, words.count <= 2, let strength = words.count == 2 ? Float(words[1]) : 1, strength > 0,
      strength <= 1
    else { return nil }
    guard let part = first == "camera" ? Part.camera : Part.named.first(where: { $0.name == first })?.part else { return nil }
    self.init(parts: part, strength: strength)
  }

  /// The photo in row `row` of a dataset as the other camera would see it. `image`: [height, width, 3] in the network's normalized
  /// values.
  public func apply(_ image: [Float], _ preprocessing: Preprocessing, row: Int, seed: UInt64) -> [Float] {
    var random = CounterRandom(seed: seed ^ 0x6361_6D65, stream: UInt64(row))
    return apply(image, preprocessing, random: &random)
  }

  public func apply(_ image: [Float], _ preprocessing: Preprocessing, random: inout CounterRandom) -> [Float] {
    let (height, width) = (preprocessing.inputHeight, preprocessing.inputWidth)
    let scale = preprocessing.standardDeviation / 127.5
    let offset = preprocessing.mean / 127.5 - SIMD3(repeating: 1)
    func share(of part: Part) -> Float { parts.contains(part) ? strength : 0 }
    let (blur, exposure, noise) = (share(of: .blur), share(of: .exposure), share(of: .noise))
    let cast = SIMD3(repeating: 1) - share(of: .colour) * SIMD3<Float>(0, 0.1, 0.25)
    let gain = (1 - 0.45 * exposure) * cast
    let addend = -0.35 * exposure * cast
    func place(_ index: Int, _ count: Int) -> Int { index < 0 ? -index : index >= count ? 2 * count - 2 - index : index }
    var result = image
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 {
          let own = image[(y * width + x) * 3 + c]
          var sum: Float = 0
          if blur > 0 {
            for dy in -2...2 { for dx in -2...2 { sum += image[(place(y + dy, height) * width + place(x + dx, width)) * 3 + c] } }
          }
          let blurred = (own + blur * (sum / 25 - own)) * scale[c] + offset[c]
          let value = blurred * gain[c] + addend[c] + (noise > 0 ? 0.10 * noise * CameraShift.normal(&random) : 0)
          result[(y * width + x) * 3 + c] = max(-1, min(1, value))
        }
      }
    }
    if parts.contains(.jpeg) { JPEGArtefacts(quality: 100 - 92 * strength).apply(&result, height: height, width: width) }
    for i in result.indices { result[i] = (result[i] - offset[i % 3]) / scale[i % 3] }
    return result
  }

  /// Nearly normal: the sum of twelve uniform numbers.
  private static func normal(_ random: inout CounterRandom) -> Float {
    var sum: Float = -6
    for _ in 0..<12 { sum += random.nextUnit() }
    return sum
  }
}
