import HostRuntime
import Testing
import TinyNN

@testable import FewShot

@Suite struct ViewRecipeTests {
  @Test func mildViewsStayMildAndDifferFromEachOther() {
    var random = CounterRandom(seed: 4)
    let recipe = ViewRecipe.mild(count: 200), views = (0..<recipe.count).map { recipe.view($0, random: &random) }
    for view in views {
      #expect((0.75...1).contains(view.side) && (0...1).contains(view.top) && (0...1).contains(view.left), "\(view)")
      #expect((0.77...1.29).contains(view.contrast) && view.brightness.magnitude <= 0.075 && view.turns == 0, "\(view)")
    }
    #expect(views.contains { $0.mirrored } && views.contains { !$0.mirrored } && views[0] != views[1])
  }

  @Test func thePhotoAsItIsDrawsNothing() {
    var (random, untouched) = (CounterRandom(seed: 4), CounterRandom(seed: 4))
    let recipe = Prototype.views(augmented: 2)
    #expect(recipe.count == 3 && recipe.view(0, random: &random) == View())
    #expect(random.next() == untouched.next())
    #expect(recipe.view(1, random: &random) != View())
  }

  @Test func turnsFollowTheViewsNumber() {
    var random = CounterRandom(seed: 4)
    var recipe = ViewRecipe(count: 6)
    recipe.turns = true
    #expect((0..<6).map { recipe.view($0, random: &random).turns } == [0, 1, 2, 3, 0, 1])
  }

  @Test("All 24 orders of the quarters are different permutations of the pixels, whatever the sides", arguments: [4, 5])
  func quarters(_ side: Int) throws {
    let preprocessing = try Preprocessing(inputHeight: side, inputWidth: side, standardDeviation: SIMD3(1, 1, 1))
    let image = AlignedMemory(byteCount: 4 * 3 * side * side), output = AlignedMemory(byteCount: 4 * 3 * side * side)
    for i in 0..<3 * side * side { image.floats[i] = Float(i) }
    var seen = Set<[Float]>()
    for permutation in 0..<24 {
      var view = View()
      view.permutation = permutation
      view.render(image.floats, preprocessing, to: output.floats)
      let found = output.floats.array
      #expect(found.sorted() == image.floats.array && (permutation > 0 || found == image.floats.array), "\(permutation)")
      seen.insert(found)
    }
    #expect(seen.count == 24)
  }

  @Test("Tiles part the image, each crop inside its own")
  func tiles() {
    var random = CounterRandom(seed: 4)
    var recipe = ViewRecipe(count: 9)
    recipe.tiles = 3
    for index in 0..<9 {
      let view = recipe.view(index, random: &random), (row, column) = (index / 3, index % 3)
      let (top, left) = (view.top * (1 - view.side), view.left * (1 - view.side))
      #expect(abs(view.side - 1 / 3) < 1e-6 && abs(top - Float(row) / 3) < 1e-6 && abs(left - Float(column) / 3) < 1e-6, "\(view)")
    }
    recipe.leastSide = 0.5
    for index in 0..<9 {
      let view = recipe.view(index, random: &random), (row, column) = (Float(index / 3), Float(index % 3))
      let (top, left) = (3 * view.top * (1 - view.side), 3 * view.left * (1 - view.side))
      #expect(top >= row - 1e-5 && top + 3 * view.side <= row + 1 + 1e-5, "tile \(index): \(view)")
      #expect(left >= column - 1e-5 && left + 3 * view.side <= column + 1 + 1e-5, "tile \(index): \(view)")
    }
  }
}
