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

  /// As it is named in options and results: the case's words, with hyphens between them.
  public var name: String { "\(self)".reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) } }

  /// Every objective that trains beside the prototypes only.
  public static var auxiliaries: [ObjectiveKind] {
    (0...UInt8.max).compactMap(ObjectiveKind.init(rawValue:)).filter { $0.type.isAuxiliary }
  }
}

extension AdaptationOptions {
  /// The objectives that memory and views are planned for.
  public var objectives: [ObjectiveKind] { [.prototype] + auxiliaries }

  /// The kinds of views of a photo in the cache, one after the other, the prototypes' first; its first is the photo as it is.
  /// Objectives that want the same views share them.
  var viewRecipes: [ViewRecipe] {
    objectives.reduce(into: []) { recipes, kind in
      let recipe = kind.type.views(augmented: views)
      if !recipes.contains(recipe) { recipes.append(recipe) }
    }
  }

  /// Places of one photo in the cache.
  public var placesPerPhoto: Int { viewRecipes.reduce(0) { $0 + $1.count } }

  /// The places of each objective's views, from a photo's first place.
  var viewPlaces: [Range<Int>] {
    let recipes = viewRecipes
    return objectives.map { kind in
      let recipe = kind.type.views(augmented: views)
      let start = recipes.prefix { $0 != recipe }.reduce(0) { $0 + $1.count }
      return start..<start + recipe.count
    }
  }

  /// One of the objectives that were asked for that has nothing to train on without photos without labels.
  public var needsUnlabelled: ObjectiveKind? { auxiliaries.first { $0.type.rows.photos == .unlabelled } }

  /// Whether photos without labels train, too.
  public var takesUnlabelled: Bool { objectives.contains { $0.type.rows.photos != .labelled } }

  /// Whether rows are pushed at the cut.
  var perturbs: Bool { objectives.contains { $0.type.perturbation != nil } }

  /// The rows of a batch that each of the objectives takes, one after the other. Several auxiliary ones share what one would have,
  /// and one that would leave no row for the labels has none.
  func rows(of objectives: [ObjectiveKind]) -> [Range<Int>] {
    let recipes = objectives.map { $0.type.rows }
    let sharers = recipes.count { $0.share != .rest }
    var left = batch - 1
    let counts = recipes.map { recipe in
      guard recipe.share != .rest else { return 0 }
      let count = recipe.count(ofBatch: batch / sharers, left: 0)
      guard count <= left else { return 0 }
      left -= count
      return count
    }
    var start = 0
    return zip(recipes, counts).map { recipe, count in
      let count = recipe.share == .rest ? recipe.count(ofBatch: batch, left: left + 1) : count
      defer { start += count }
      return start..<start + count
    }
  }

  /// The sizes that an objective's memory is planned for.
  func shape(of kind: ObjectiveKind, dimension: Int, classes: Int, photos: Int) -> ObjectiveShape {
    let recipe = kind.type.rows
    return ObjectiveShape(
      dimension: dimension, classCount: classes, photoCount: photos, rowCount: recipe.count(ofBatch: batch, left: batch))
  }

  /// float32 values of the objectives' memory, and of embeddings that the trainer lends them besides.
  func objectiveValueCount(dimension: Int, classes: Int, photos: Int) -> Int {
    let types = objectives.map(\.type)
    let own = objectives.reduce(0) {
      $0 + $1.type.memoryCount(shape(of: $1, dimension: dimension, classes: classes, photos: photos))
    }
    let averaged = types.contains { $0.usesAverage } ? batch * dimension : 0
    let unperturbed = perturbs ? batch * dimension : 0
    return own + averaged + unperturbed + (types.contains { $0.preparationInterval > 0 } ? photos * dimension : 0)
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
      let shape = options.shape(of: kind, dimension: dimension, classes: classCount, photos: photoCount)
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
