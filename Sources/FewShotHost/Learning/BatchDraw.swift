import FewShot
import TinyNN

/// Draws the batches of a training: the rows of each objective, one objective after the other.
struct BatchDraw {
  /// What one objective takes of a batch.
  struct Part {
    let recipe: RowRecipe
    /// The views of a photo in the cache, from the photo's first place.
    let views: Range<Int>
    /// Its rows of the batch.
    let rows: Range<Int>
  }

  private(set) var rows: [ObjectiveRow]
  /// Where the rows are in the cache, and what is mixed into them; the row's own place where nothing is.
  private(set) var places: [Int]
  private(set) var matePlaces: [Int]
  private let photos: [CachedPhoto]
  private let parts: [Part]
  /// The photos that each part draws from.
  private let pools: [Range<Int>]
  /// Of shuffled parts: views of all their photos in the order in which they come, and how many have come.
  private var orders: [[Int32]]
  private var positions: [Int]
  private var random: CounterRandom

  /// - Parameter photos: those with a label, then those without, whose label is -1.
  init(_ photos: [CachedPhoto], _ parts: [Part], _ random: CounterRandom) {
    self.photos = photos
    self.parts = parts
    self.random = random
    let labelled = photos.firstIndex { $0.label < 0 } ?? photos.count
    pools = parts.map { part in
      switch part.recipe.photos {
      case .labelled: 0..<labelled
      case .unlabelled: labelled..<photos.count
      case .all: 0..<photos.count
      }
    }
    orders = zip(parts, pools).map { part, pool in
      part.recipe.order == .shuffled ? (0..<Int32(pool.count * part.views.count)).map { $0 } : []
    }
    positions = parts.map { _ in 0 }
    let count = parts.reduce(0) { $0 + $1.rows.count }
    rows = [ObjectiveRow](repeating: ObjectiveRow(), count: count)
    places = [Int](repeating: 0, count: count)
    matePlaces = places
    for part in parts.indices where parts[part].recipe.order == .shuffled { shuffle(part) }
  }

  mutating func next() {
    for part in parts.indices {
      switch parts[part].recipe.order {
      case .shuffled: for row in parts[part].rows { drawNext(row, part) }
      case .independent:
        let rows = parts[part].rows, together = parts[part].recipe.viewsPerPhoto
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: together) { drawAny(first..<first + together, part) }
      }
    }
  }

  /// Lends consecutive rows.
  mutating func withRows<R>(_ range: Range<Int>, _ body: (Elements<ObjectiveRow>) -> R) -> R {
    rows.withUnsafeMutableBytes { bytes in
      // Used inside the closure only.
      let all = Elements<ObjectiveRow>(bytes.baseAddress!, count: bytes.count / MemoryLayout<ObjectiveRow>.stride)
      return body(all.slice(range.lowerBound, range.count))
    }
  }

  private mutating func drawNext(_ row: Int, _ part: Int) {
    if positions[part] == orders[part].count { shuffle(part) }
    let index = Int(orders[part][positions[part]]), views = parts[part].views.count
    positions[part] += 1
    set(row, part, photo: pools[part].lowerBound + index / views, view: index % views)
  }

  /// Different views of one photo.
  private mutating func drawAny(_ rows: Range<Int>, _ part: Int) {
    var views: [Int] = []
    for drawn in 0..<rows.count {
      // Of those that are left, numbered without the others.
      var view = random.next(below: parts[part].views.count - drawn)
      for other in views.sorted() where view >= other { view += 1 }
      views.append(view)
    }
    let photo = pools[part].lowerBound + random.next(below: pools[part].count)
    for (row, view) in zip(rows, views) { set(row, part, photo: photo, view: view) }
  }

  private mutating func set(_ row: Int, _ part: Int, photo: Int, view: Int) {
    rows[row] = ObjectiveRow(photo: photo, view: view, label: photos[photo].label)
    places[row] = photos[photo].first + parts[part].views.lowerBound + view
    matePlaces[row] = places[row]
    guard parts[part].recipe.mixes else { return }
    let mate = pools[part].lowerBound + random.next(below: pools[part].count),
      mateView = random.next(below: parts[part].views.count)
    rows[row].mate = Int32(mate)
    rows[row].mateLabel = Int32(photos[mate].label)
    rows[row].share = random.next(from: 0.5, to: 1)
    matePlaces[row] = photos[mate].first + parts[part].views.lowerBound + mateView
  }

  private mutating func shuffle(_ part: Int) {
    var generator = random
    let count = orders[part].count
    var span = orders[part].mutableSpan
    generator.select(count, of: &span)
    random = generator
    positions[part] = 0
  }
}
