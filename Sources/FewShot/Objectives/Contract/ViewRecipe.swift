import TinyNN

/// Which views an objective finds of each photo.
public struct ViewRecipe: Equatable, Sendable {
  /// Views of each photo.
  public var count: Int
  /// View 0 is the photo as it is.
  public var beginsWithPhoto = false
  /// Side of the smallest crop, as a part of the image's.
  public var leastSide: Float = 1
  /// Half of the views are mirror images.
  public var mirrors = false
  /// Contrast is e to the power of -`contrast` ... `contrast`, brightness +-`brightness` of the pixels' range.
  public var contrast: Float = 0
  public var brightness: Float = 0
  /// View v is turned by v modulo 4 quarter turns.
  public var turns = false
  /// View v shows tile v of a grid of so many rows and columns, cut out and scaled up before everything else.
  public var tiles = 1
  /// The quarters of view v are in the order of permutation v, 0 ..< 24, after everything else but turns.
  public var permutesQuarters = false

  /// The photo as it is, `count` times.
  public init(count: Int) { self.count = count }

  /// Mild random views: 75 to 100 % of the side, mirrored or not, contrast 0.78 to 1.28, brightness +- 7.5 %.
  public static func mild(count: Int) -> ViewRecipe {
    var recipe = ViewRecipe(count: count)
    recipe.leastSide = 0.75
    recipe.mirrors = true
    recipe.contrast = 0.25
    recipe.brightness = 0.075
    return recipe
  }

  /// The photo as it is, and `augmented` mild views.
  public static func photoAndMild(_ augmented: Int) -> ViewRecipe {
    var recipe = ViewRecipe.mild(count: 1 + augmented)
    recipe.beginsWithPhoto = true
    return recipe
  }

  /// The same, and at least two of them.
  public static func pairs(_ augmented: Int) -> ViewRecipe { photoAndMild(max(1, augmented)) }

  /// Two to four views that differ much: 45 to 100 % of the side, mirrored or not, contrast 0.67 to 1.5, brightness +- 15 %, for
  /// objectives that learn what such views have in common (the crops of Chen et al. 2020 begin at 28 % of the side, which
  /// takes thousands of photos).
  public static func strong(_ augmented: Int) -> ViewRecipe {
    var recipe = ViewRecipe(count: min(4, max(2, augmented)))
    recipe.leastSide = 0.45
    recipe.mirrors = true
    recipe.contrast = 0.4
    recipe.brightness = 0.15
    return recipe
  }

  /// View `index` of a photo. Draws six numbers, whatever the recipe, but none for the photo as it is.
  public func view(_ index: Int, random: inout CounterRandom) -> View {
    var view = View()
    if beginsWithPhoto, index == 0 { return view }
    view.side = random.next(from: leastSide, to: 1)
    view.top = random.nextUnit()
    view.left = random.nextUnit()
    view.mirrored = random.next(below: 2) == 1 && mirrors
    view.contrast = ElementaryMath.exp(random.next(from: -contrast, to: contrast))
    view.brightness = random.next(from: -brightness, to: brightness)
    if turns { view.turns = index & 3 }
    if permutesQuarters { view.permutation = index % View.permutationCount }
    if tiles > 1 { view.cutTile(index % (tiles * tiles), of: tiles) }
    return view
  }
}

extension View {
  /// Limits the crop to a tile of a grid of `count` x `count`, numbered by rows.
  mutating func cutTile(_ index: Int, of count: Int) {
    let row = index / count, column = index % count, rest = 1 - side
    side = side / Float(count)
    top = (Float(row) + top * rest) / Float(count) / (1 - side)
    left = (Float(column) + left * rest) / Float(count) / (1 - side)
  }
}
