import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct BatchDrawTests {
  /// Five photos with a label and two without, 7 places each.
  private static let photos = (0..<7).map { CachedPhoto(label: $0 < 5 ? $0 % 2 : -1, first: 7 * $0) }

  private func draw(_ recipe: RowRecipe, views: Range<Int>, rows: Int, batches: Int, seed: UInt64 = 1) -> [(ObjectiveRow, Int)] {
    var draw = BatchDraw(
      BatchDrawTests.photos, [BatchDraw.Part(recipe: recipe, views: views, rows: 0..<rows)], CounterRandom(seed: seed))
    return (0..<batches).flatMap { _ in
      draw.next()
      return Array(zip(draw.rows, draw.places))
    }
  }

  @Test func shuffledViewsComeOnceBeforeAnyComesAgain() {
    let drawn = draw(RowRecipe(.labelled, .rest, .shuffled), views: 0..<3, rows: 4, batches: 15)
    for epoch in 0..<4 {
      let places = drawn[15 * epoch..<15 * (epoch + 1)].map(\.1)
      #expect(Set(places) == Set((0..<5).flatMap { photo in (0..<3).map { 7 * photo + $0 } }), "epoch \(epoch): \(places)")
    }
    for (row, place) in drawn {
      #expect(place == 7 * Int(row.photo) + Int(row.view) && row.label == row.photo % 2, "\(row) at \(place)")
    }
  }

  @Test func independentRowsTakeAllPhotosAndTheirOwnViews() {
    let drawn = draw(RowRecipe(.all, .one(in: 4), .independent), views: 3..<7, rows: 5, batches: 40)
    #expect(Set(drawn.map(\.0.photo)) == Set(0..<7) && Set(drawn.map(\.0.view)) == Set(0..<4))
    for (row, place) in drawn {
      #expect(place == 7 * Int(row.photo) + 3 + Int(row.view) && row.label == (row.photo < 5 ? row.photo % 2 : -1), "\(row)")
    }
    let unlabelled = draw(RowRecipe(.unlabelled, .one(in: 4), .independent), views: 3..<7, rows: 5, batches: 9)
    #expect(Set(unlabelled.map(\.0.photo)) == [5, 6])
  }

  @Test func pairsAreDifferentViewsOfOnePhoto() {
    let drawn = draw(RowRecipe(.all, .one(in: 2), .independent, viewsPerPhoto: 2), views: 0..<3, rows: 4, batches: 40)
    var pairs = Set<[Int32]>()
    for first in stride(from: 0, to: drawn.count, by: 2) {
      let (a, b) = (drawn[first].0, drawn[first + 1].0)
      #expect(a.photo == b.photo && a.view != b.view, "\(a), \(b)")
      pairs.insert([a.view, b.view])
    }
    #expect(pairs.count == 6, "\(pairs)")
  }

  @Test func mixedRowsHaveAMateFromTheSamePool() {
    var recipe = RowRecipe(.all, .one(in: 4), .independent)
    recipe.mixes = true
    var draw = BatchDraw(
      BatchDrawTests.photos, [BatchDraw.Part(recipe: recipe, views: 0..<3, rows: 0..<6)], CounterRandom(seed: 2))
    var mates = Set<Int32>()
    for _ in 0..<20 {
      draw.next()
      for (index, row) in draw.rows.enumerated() {
        mates.insert(row.mate)
        #expect((0.5...1).contains(row.share) && row.mateLabel == (row.mate < 5 ? row.mate % 2 : -1), "\(row)")
        #expect(draw.matePlaces[index] / 7 == Int(row.mate) && draw.matePlaces[index] % 7 < 3, "\(row), \(draw.matePlaces[index])")
      }
    }
    #expect(mates.count == 7)
  }

  @Test func equalSeedsDrawTheSame() {
    func places(_ seed: UInt64) -> [Int] {
      draw(RowRecipe(.labelled, .rest, .shuffled), views: 0..<3, rows: 4, batches: 6, seed: seed).map(\.1)
    }
    #expect(places(1) == places(1) && places(1) != places(2))
  }

  @Test("Objectives share a batch: part of it, and the rest", arguments: [(32, 24), (9, 7), (4, 3), (2, 1), (1, 1)])
  func sharesOfABatch(_ batch: Int, _ prototype: Int) {
    var options = AdaptationOptions()
    options.batch = batch
    #expect(options.rows(of: [.prototype]) == [0..<batch])
    #expect(options.rows(of: [.prototype, .rotation]) == [0..<prototype, prototype..<batch])
    // Several share what one would have, pairs whole, and the labels keep a row.
    for kinds in [[ObjectiveKind.prototype, .rotation, .piModel], [.prototype, .simclr, .vicreg, .exemplar, .entropy]] {
      let rows = options.rows(of: kinds)
      #expect(rows[0].count >= 1 && rows.reduce(0) { $0 + $1.count } <= batch, "\(batch): \(rows)")
      #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound }, "\(rows)")
      for (kind, range) in zip(kinds, rows) { #expect(range.count % kind.type.rows.viewsPerPhoto == 0, "\(kind): \(range)") }
    }
    let pairs = RowRecipe(.all, .one(in: 4), .independent, viewsPerPhoto: 2)
    #expect(
      pairs.count(ofBatch: 32, left: 0) == 8 && pairs.count(ofBatch: 14, left: 0) == 2 && pairs.count(ofBatch: 4, left: 0) == 2)
  }
}
