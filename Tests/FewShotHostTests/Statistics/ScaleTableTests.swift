import FewShotTestSupport
import HostRuntime
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

struct ScaleTableTests {
  private func dataset(spread: Float, classes: Int = 7, photos: Int = 9) -> EmbeddedDataset {
    var source = SyntheticClasses(classes: classes, dimension: 8, spread: spread)
    var dataset = EmbeddedDataset(dimension: 8)
    for label in 0..<classes { dataset.add("c\(label)", (0..<photos).map { _ in source.embedding(ofClass: label) }) }
    return dataset
  }

  @Test func classesThatAreEasierToTellApartGetLargerScales() throws {
    let file = try OpenedFile(try TestEncoder.bytes(statistics: TestEncoder.statistics()))
    let statistics = try StatisticsView.of(file.model)
    let easy = try #require(ScaleTable(dataset(spread: 0.2), statistics: statistics, episodes: 40))
    let hard = try #require(ScaleTable(dataset(spread: 1), statistics: statistics, episodes: 40))
    #expect(easy.scales.count == 2)
    for shots in 0..<2 {
      for (column, method) in HeadMethod.allCases.enumerated() {
        if method == .power {
          #expect(easy.scales[shots][column] == 0, "embeddings below 0 have no square roots")
        } else {
          #expect(
            easy.scales[shots][column] > hard.scales[shots][column] && hard.scales[shots][column] > 0,
            "\(method), \(shots + 1) shots: \(easy) \(hard)")
        }
      }
    }
    #expect(try #require(ScaleTable(dataset(spread: 1), statistics: statistics, episodes: 40)) == hard)
  }

  @Test func theScaleIsTheLikeliest() throws {
    let data = dataset(spread: 0.6, classes: 5, photos: 20)
    let table = try #require(ScaleTable(data, statistics: nil, episodes: 60))
    #expect(table.scales.allSatisfy { $0[Int(HeadMethod.centred.rawValue) - 1] == 0 }, "centred prototypes need statistics")
    // Confidence of prototypes at the table's scale is near their accuracy on other episodes.
    var statistics = TestEncoder.statistics()
    statistics.scales = table
    let file = try OpenedFile(try TestEncoder.bytes(statistics: statistics))
    var options = EpisodeOptions()
    options.shots = 1
    options.episodes = 60
    options.seed = 9
    let view = try #require(try StatisticsView.of(file.model))
    let own = try Episodes(data, options).measure(.head(.prototype), statistics: view)
    let preset = try Episodes(data, options).measure(.head(.prototype), statistics: nil)
    #expect(
      own.calibrationError < 0.08 && own.calibrationError < preset.calibrationError,
      "\(own.calibrationError), preset \(preset.calibrationError)")
  }

  @Test func tooFewClassesHaveNoTable() {
    #expect(ScaleTable(dataset(spread: 0.5, classes: 4), statistics: nil) == nil)
    #expect(ScaleTable(dataset(spread: 0.5, photos: 3), statistics: nil) == nil)
  }

  @Test func itTravelsInTheStatistics() throws {
    var statistics = TestEncoder.statistics()
    let plain = statistics.section
    let table = ScaleTable(scales: (0..<2).map { shots in (0..<7).map { Float(10 * shots + $0) } })
    statistics.scales = table
    var section = statistics.section
    let file = try OpenedFile(try TestEncoder.bytes(statistics: statistics))
    let view = try #require(try StatisticsView.of(file.model))
    #expect(ScaleTable(view) == table)
    #expect(view.scale(shots: 1, of: .prototype) == nil && view.scale(shots: 2, of: .prototype) == 10)
    #expect(view.scale(shots: 1, of: .knn) == 6 && view.scale(shots: 3, of: .knn) == nil && view.scale(shots: 0, of: .knn) == nil)
    ScaleTable.remove(from: &section)
    #expect(section.count == plain.count && section.elementsEqual(plain))
    table.add(to: &section)
    table.add(to: &section)
    #expect(section.count == statistics.section.count && section.elementsEqual(statistics.section))
  }

  @Test(arguments: HeadMethod.allCases.filter { $0 != .power }) func headsTakeTheirScale(method: HeadMethod) throws {
    var statistics = TestEncoder.statistics()
    let scale: Float = 3.25
    statistics.scales = ScaleTable(scales: [[Float]](repeating: [Float](repeating: scale, count: 7), count: 2))
    let file = try OpenedFile(try TestEncoder.bytes(statistics: statistics))
    let view = try StatisticsView.of(file.model)
    let one = try LearnedHead(try SyntheticClasses.knowledge(classes: 3, shots: 1), statistics: view, method: .head(method))
      .calibration
    #expect(one.scale == scale && one.scaleSource == .encoder)
    let two = try LearnedHead(try SyntheticClasses.knowledge(classes: 3, shots: 2), statistics: view, method: .head(method))
      .calibration
    #expect(two.scale != scale && two.scaleSource == .leaveOneOut)
  }
}
