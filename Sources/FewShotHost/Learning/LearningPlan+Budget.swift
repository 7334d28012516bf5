import FewShot
import TinyNN

/// Everything about learning that a budget may change.
struct LearningChoice {
  var options: LearningOptions
  var tail: AdaptationPlan?
  var alignedPhotos: Int
  var keptPhotos = 0
}

/// No plan fits into the budget.
public struct LearningRefusal: Error, Sendable {
  /// The least that any plan takes, and how much of it the encoder.
  public let smallest: Int
  public let encoder: Int
  public let budget: Int
  public let material: LearningMaterial
  /// Whether the tail was to train.
  public let trains: Bool
}

extension LearningPlan {
  /// The plan of what is wanted, whatever it takes.
  /// - Throws: `TrainingError` where no tail can be trained, `ModelError`.
  public init(_ encoder: PhotoEncoder, _ options: LearningOptions = .init(), for material: LearningMaterial) throws {
    let tail = try options.tail.map {
      try AdaptationPlan(
        for: encoder.runner.model, $0, photos: LearningPlan.trainingPhotos($0, material), classes: material.classes)
    }
    self.init(
      try EncoderBytes(encoder, material),
      LearningChoice(options: options, tail: tail, alignedPhotos: material.unlabelled, keptPhotos: material.kept), material)
  }

  /// The preferred plan that fits into `budget` bytes.
  /// - Throws: `LearningRefusal`, or as without a budget.
  public init(
    _ encoder: PhotoEncoder, _ options: LearningOptions = .init(), for material: LearningMaterial, budget: Int
  ) throws {
    let fitting = try LearningPlan.fitting(budget, encoder, options, for: material)
    guard let plan = fitting.plan else { throw fitting.refusal }
    self = plan
  }

  /// The plan that a budget allows and its neighbours.
  public struct Fitting: Sendable {
    /// Nil if none fits.
    public let plan: LearningPlan?
    /// The next that a larger budget would allow, and the next for a smaller one.
    public let larger: LearningPlan?
    public let smaller: LearningPlan?
    /// The least that any takes, and what is thrown where that is too much.
    public let refusal: LearningRefusal
  }

  /// Goes down the one ladder of plans: training gives way as `AdaptationPlan.ladder` says, views of heads become one, and fewer
  /// photos without labels are read.
  public static func fitting(
    _ budget: Int, _ encoder: PhotoEncoder, _ options: LearningOptions = .init(), for material: LearningMaterial
  ) throws -> Fitting {
    let bytes = try EncoderBytes(encoder, material)
    let choices = try choices(encoder.runner.model, options, material)
    let keptPhotos = keptPhotos(budget, bytes, choices[0], material)
    func plans(_ alignedPhotos: Int) -> [LearningPlan] {
      choices.map { choice in
        var choice = choice
        choice.alignedPhotos = alignedPhotos
        choice.keptPhotos = keptPhotos
        return LearningPlan(bytes, choice, material)
      }
    }
    // How many photos the alignment reads does not depend on the rest.
    let counts = alignedCounts(material), fewest = counts[counts.count - 1]
    let aligned = counts.first { count in
      var first = choices[0]
      first.alignedPhotos = count
      let plan = LearningPlan(bytes, first, material)
      return max(plan.byteCount(of: .aligning), plan.byteCount(of: .judging)) <= budget
    }
    let all = plans(aligned ?? fewest)
    let place = all.firstIndex { $0.byteCount <= budget }
    let larger = all[..<(place ?? all.count)].min { $0.byteCount < $1.byteCount }
    let smaller = place.flatMap { place in all[place...].first { $0.byteCount < all[place].byteCount } }
    let smallest = plans(fewest).map(\.byteCount).min() ?? 0
    let refusal = LearningRefusal(
      smallest: smallest, encoder: encoder.plannedByteCount, budget: budget, material: material, trains: options.tail != nil)
    return Fitting(plan: place.map { all[$0] }, larger: larger, smaller: smaller, refusal: refusal)
  }

  /// The most photos without labels whose embeddings a budget has room for; it does not depend on the rest.
  private static func keptPhotos(
    _ budget: Int, _ bytes: EncoderBytes, _ choice: LearningChoice, _ material: LearningMaterial
  ) -> Int {
    var choice = choice
    var (low, high) = (0, material.kept)
    while low < high {
      choice.keptPhotos = (low + high + 1) / 2
      let plan = LearningPlan(bytes, choice, material)
      let fits = max(plan.byteCount(of: .embedding), plan.byteCount(of: .propagating)) <= budget
      (low, high) = fits ? (choice.keptPhotos, high) : (low, choice.keptPhotos - 1)
    }
    return low
  }

  /// Labelled photos that are cached, and those without labels that train.
  static func trainingPhotos(_ tail: AdaptationOptions, _ material: LearningMaterial) -> Int {
    material.photosPerClass.reduce(0) { $0 + min($1, tail.photosPerClass) } + (tail.takesUnlabelled ? material.unlabelled : 0)
  }

  private static func choices(
    _ model: Model, _ options: LearningOptions, _ material: LearningMaterial
  ) throws(TrainingError) -> [LearningChoice] {
    if let wanted = options.tail {
      let photos = trainingPhotos(wanted, material)
      return try AdaptationPlan.ladder(model, wanted, photos: photos, classes: material.classes).map {
        LearningChoice(options: options, tail: $0, alignedPhotos: 0)
      }
    }
    var single = options
    single.views = 1
    let choices = [LearningChoice(options: options, alignedPhotos: 0)]
    return options.views == nil ? choices + [LearningChoice(options: single, alignedPhotos: 0)] : choices
  }

  /// Numbers of photos without labels, the largest first.
  private static func alignedCounts(_ material: LearningMaterial) -> [Int] {
    [material.unlabelled] + [128, 64, 32, 16, 8].filter { $0 < material.unlabelled }
  }
}
