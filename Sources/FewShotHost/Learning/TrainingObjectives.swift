public import FewShot
import HostRuntime
import TinyNN

/// Passes an objective's type on as an existential: hosts may use them.
private struct TypeVisitor: ObjectiveVisitor {
  mutating func visit<O: Objective>(_ type: O.Type) -> any Objective.Type { type }
}

extension ObjectiveKind {
  var type: any Objective.Type {
    var visitor = TypeVisitor()
    return accept(&visitor)
  }

  /// As it is named in options and results.
  public var name: String { "\(self)" }

  /// Every objective that trains beside the prototypes only.
  public static var auxiliaries: [ObjectiveKind] {
    (0...UInt8.max).compactMap(ObjectiveKind.init(rawValue:)).filter { $0.type.isAuxiliary }
  }
}

extension AdaptationOptions {
  /// The objectives that memory and views are planned for.
  public var objectives: [ObjectiveKind] { [.prototype] + auxiliaries }

  /// The views of a photo in the cache, one objective after the other; the first is the photo as it is.
  var viewRecipes: [ViewRecipe] { objectives.map { $0.type.views(augmented: views) } }

  /// Places of one photo in the cache.
  public var placesPerPhoto: Int { viewRecipes.reduce(0) { $0 + $1.count } }

  /// The places of each objective's views, from a photo's first place.
  var viewPlaces: [Range<Int>] {
    var start = 0
    return viewRecipes.map { recipe in
      defer { start += recipe.count }
      return start..<start + recipe.count
    }
  }

  /// Whether photos without labels train, too.
  public var takesUnlabelled: Bool { objectives.contains { $0.type.rows.photos != .labelled } }

  /// The rows of a batch that each of the objectives takes, one after the other.
  func rows(of objectives: [ObjectiveKind]) -> [Range<Int>] {
    let recipes = objectives.map { $0.type.rows }
    let taken = recipes.reduce(0) { $0 + ($1.share == .rest ? 0 : $1.count(ofBatch: batch, left: 0)) }
    var start = 0
    return recipes.map { recipe in
      let count = recipe.count(ofBatch: batch, left: batch - taken)
      defer { start += count }
      return start..<start + count
    }
  }

  /// float32 values of the objectives' memory, and of what the trainer lends them besides.
  func objectiveValueCount(dimension: Int, classes: Int, photos: Int) -> Int {
    let types = objectives.map(\.type)
    let own = types.reduce(0) {
      $0 + $1.memoryCount(ObjectiveShape(dimension: dimension, classCount: classes, photoCount: photos, rowCount: batch))
    }
    let averaged = types.contains { $0.usesAverage } ? batch * dimension : 0
    return own + averaged + (types.contains { $0.preparationInterval > 0 } ? photos * dimension : 0)
  }
}

/// The objectives of a training, with their memory.
final class TrainingObjectives {
  let kinds: [ObjectiveKind]
  private let memories: [AlignedMemory]

  /// Room for `options.objectives` with at most so many classes and photos.
  init(_ options: AdaptationOptions, dimension: Int, classCount: Int, photoCount: Int) {
    kinds = options.objectives
    memories = kinds.map { kind in
      let shape = ObjectiveShape(
        dimension: dimension, classCount: classCount, photoCount: photoCount, rowCount: options.batch)
      return AlignedMemory(byteCount: 4 * kind.type.memoryCount(shape))
    }
  }

  /// Everything that the objectives keep.
  var state: [UnsafeMutableRawBufferPointer] { memories.map(\.buffer) }

  /// An objective in its memory. Precondition: `kind` is one of `kinds`, and `shape` within what there is room for.
  func objective(_ kind: ObjectiveKind, _ shape: ObjectiveShape) -> any Objective {
    kind.type.init(shape, memory: memories[kinds.firstIndex(of: kind)!].floats)!
  }
}
