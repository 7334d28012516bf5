import FewShot
import TinyNN

/// Draws the batches of a training: views so that each comes once before any comes again, then quarter turns.
struct BatchDraw {
  /// A place in the cut cache, and the class or the number of quarter turns that it is to be told from.
  struct Example {
    var place = 0
    var label = 0
  }

  private(set) var examples: [Example]
  /// The first examples are views with their class, the others turned photos.
  let labelledCount: Int
  var turnedCount: Int { examples.count - labelledCount }
  private let photos: [CachedPhoto]
  private let turned: [Int]
  private let views: Int
  private var random: CounterRandom
  private var order: [Int32]
  private var position = 0

  /// `turned`: the first places of the photos that are also turned; none without the rotation objective.
  init(_ photos: [CachedPhoto], turned: [Int], _ options: AdaptationOptions, _ random: CounterRandom) {
    self.photos = photos
    self.turned = turned
    self.random = random
    views = 1 + options.views
    labelledCount = options.batch - (turned.isEmpty ? 0 : max(1, options.batch / 4))
    examples = [Example](repeating: Example(), count: options.batch)
    order = (0..<Int32(photos.count * views)).map { $0 }
    shuffle()
  }

  mutating func next() {
    for i in 0..<labelledCount {
      if position == order.count { shuffle() }
      let index = Int(order[position])
      position += 1
      examples[i] = Example(place: photos[index / views].first + index % views, label: photos[index / views].label)
    }
    for i in labelledCount..<examples.count {
      let turns = random.next(below: RotationObjective.turns)
      examples[i] = Example(place: turned[random.next(below: turned.count)] + views + turns, label: turns)
    }
  }

  private mutating func shuffle() {
    var generator = random
    let count = order.count
    var span = order.mutableSpan
    generator.select(count, of: &span)
    random = generator
    position = 0
  }
}
