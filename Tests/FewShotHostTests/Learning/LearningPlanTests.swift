import FewShot
import FewShotTestSupport
import HostRuntime
import Testing
import TinyNN

@testable import FewShotHost

@Suite struct LearningPlanTests {
  let encoder: PhotoEncoder
  let model: Model

  init() throws {
    encoder = try PhotoEncoder(ModelRunner(bytes: TestPhotos.threeLayers()))
    model = encoder.runner.model
  }

  private var training: LearningOptions {
    var options = AdaptationOptions()
    options.batch = 8
    options.views = 4
    return .training(options)
  }

  @Test func theBytesAreTheLargestSumOfPartsThatLiveTogether() throws {
    let plan = try LearningPlan(encoder, training, for: LearningMaterial(photosPerClass: [5, 5], unlabelled: 30))
    #expect(
      plan.phases.map(\.name) == [.reading, .comparing, .training, .finishing, .embedding, .propagating, .aligning, .judging])
    for phase in plan.phases {
      #expect(plan.byteCount(of: phase) == phase.parts.reduce(0) { $0 + plan[$1] })
      #expect(Set(phase.parts.map(\.rawValue)).count == phase.parts.count, "\(phase)")
      #expect(plan.byteCount(of: phase) <= plan.byteCount)
    }
    #expect(plan.phases.contains { plan.byteCount(of: $0) == plan.byteCount })
    #expect(plan[.cameraPhotos] == 30 * (encoder.preprocessing.outputCount + 8))
    #expect(plan[.trunk] == encoder.plannedByteCount && plan[.views] == encoder.viewByteCount)
  }

  /// Photos without labels that the task keeps: as many as fit, none of more than their limit.
  @Test func theBudgetKeepsAsManyAsFit() throws {
    let material = LearningMaterial(photosPerClass: [5, 5], unlabelled: 100_000)
    #expect(material.kept == 500)
    let wanted = try LearningPlan(encoder, LearningOptions(), for: material)
    #expect(wanted.keptPhotos == 500 && wanted[.kept] > 500 * (encoder.dimension + 8) && wanted[.propagation] > 0)
    var (budget, kept) = (wanted.byteCount, 500)
    while let plan = try LearningPlan.fitting(budget, encoder, LearningOptions(), for: material).plan {
      #expect(plan.byteCount <= budget && plan.keptPhotos <= kept, "\(plan.keptPhotos) of \(kept) in \(budget) bytes")
      (budget, kept) = (budget * 9 / 10, plan.keptPhotos)
    }
    #expect(kept < 500)
  }

  @Test func headsKeepNothingOfPhotosButEmbeddings() throws {
    let plan = try LearningPlan(encoder, LearningOptions(views: 1), for: LearningMaterial(photosPerClass: [5, 5]))
    #expect(plan.tail == nil && plan.phases.map(\.name) == [.reading])
    #expect(plan.byteCount == plan[.trunk] + plan[.head])
    let more = try LearningPlan(encoder, LearningOptions(), for: LearningMaterial(photosPerClass: [5, 5]))
    #expect(more.byteCount == plan.byteCount + encoder.viewByteCount)
  }

  @Test func photosWithoutLabelsTrainOnlyWhereAnObjectiveTakesThem() throws {
    let material = LearningMaterial(photosPerClass: [5, 100], unlabelled: 30)
    #expect(try LearningPlan(encoder, training, for: material).tail?.photos == 5 + 64)
    var options = AdaptationOptions()
    options.auxiliary = .always([.rotation])
    #expect(try LearningPlan(encoder, .training(options), for: material).tail?.photos == 5 + 64 + 30)
    #expect(LearningMaterial(photosPerClass: [1], unlabelled: 5000).unlabelled == LearningMaterial.unlabelledLimit)
  }

  /// Every budget from plenty to nothing: what is chosen fits, less memory never gives a larger plan, and the refusal names a
  /// budget that would do.
  @Test func theLadderKeepsToEveryBudget() throws {
    for (options, unlabelled) in [(training, 0), (training, 100), (LearningOptions(), 0), (LearningOptions(), 100)] {
      let material = LearningMaterial(photosPerClass: [6, 6, 6], unlabelled: unlabelled)
      let wanted = try LearningPlan(encoder, options, for: material)
      #expect(try LearningPlan(encoder, options, for: material, budget: wanted.byteCount).byteCount == wanted.byteCount)
      var budget = wanted.byteCount
      var smallest: Int?
      while smallest == nil {
        do {
          let plan = try LearningPlan(encoder, options, for: material, budget: budget)
          #expect(plan.byteCount <= budget)
          budget = min(budget - 1, budget * 9 / 10)
        } catch let refusal as LearningRefusal {
          smallest = refusal.smallest
          #expect(refusal.budget == budget && refusal.smallest > budget && refusal.trains == (options.tail != nil))
        }
      }
      let least = try #require(smallest)
      #expect(try LearningPlan(encoder, options, for: material, budget: least).byteCount == least)
      #expect(throws: LearningRefusal.self) { try LearningPlan(encoder, options, for: material, budget: least - 1) }
    }
  }

  @Test func fewerPhotosWithoutLabelsAreReadBeforeItIsRefused() throws {
    let material = LearningMaterial(photosPerClass: [4, 4], unlabelled: 200), options = LearningOptions(views: 1)
    let all = try LearningPlan(encoder, options, for: material)
    #expect(all.alignedPhotos == 200)
    let half = try LearningPlan(encoder, options, for: material, budget: all.byteCount - 1)
    #expect(half.alignedPhotos == 128 && half.byteCount < all.byteCount)
  }

  @Test func neighboursOfAPlan() throws {
    let material = LearningMaterial(photos: 25, classes: 5)
    let all = try LearningPlan(encoder, training, for: material).byteCount
    let fitting = try LearningPlan.fitting(all - 1, encoder, training, for: material)
    let plan = try #require(fitting.plan), larger = try #require(fitting.larger), smaller = try #require(fitting.smaller)
    #expect(smaller.byteCount < plan.byteCount && plan.byteCount < larger.byteCount)
    #expect(fitting.refusal.smallest <= smaller.byteCount)
  }

  @Test func photosAreSpreadOverClasses() {
    #expect(LearningMaterial(photos: 7, classes: 3).photosPerClass == [3, 2, 2])
    #expect(LearningMaterial(photos: 25, classes: 5).photosPerClass == [5, 5, 5, 5, 5])
  }

  /// The cuts of the ladder, planned once each, are those that a plan of its own finds.
  @Test func everyRungIsThePlanOfItsOptions() throws {
    let ladder = try AdaptationPlan.ladder(model, try #require(training.tail), photos: 12, classes: 3)
    #expect(ladder.count > 50)
    for rung in ladder {
      let own = try AdaptationPlan(for: model, rung.options, photos: 12, classes: 3)
      #expect(rung.firstOperator == own.firstOperator && rung.layers == own.layers && rung.layers <= rung.options.layers)
      #expect(rung.training.arenaByteCount == own.training.arenaByteCount)
    }
  }

  @Test func anEncoderWithoutATailCannotTrain() throws {
    let small = try OpenedFile(TestEncoder.bytes())
    #expect(throws: TrainingError.self) { try AdaptationPlan(for: small.model, AdaptationOptions(), photos: 4, classes: 2) }
  }

  @Test("An objective's memory and views are in the plan, and give way to a budget", arguments: ObjectiveKind.auxiliaries)
  func objectivesArePlanned(_ kind: ObjectiveKind) throws {
    let material = LearningMaterial(photosPerClass: [5, 5], unlabelled: 30)
    var options = try #require(training.tail)
    let plain = try LearningPlan(encoder, .training(options), for: material)
    options.auxiliary = .always([kind])
    let plan = try LearningPlan(encoder, .training(options), for: material), tail = try #require(plan.tail)
    let shape = options.shape(of: kind, dimension: encoder.dimension, classes: 2, photos: tail.photos)
    #expect(plan[.head] - plain[.head] >= 4 * kind.type.memoryCount(shape), "\(kind)")
    #expect(tail.photos == 10 + (kind.type.rows.photos == .labelled ? 0 : 30), "\(kind)")
    #expect(plan[.cutCache] == tail.photos * options.placesPerPhoto * (tail.training.cutCount + 8), "\(kind)")
    let less = try LearningPlan(encoder, .training(options), for: material, budget: plan.byteCount - 1)
    #expect(less.byteCount < plan.byteCount, "\(kind)")
  }

  @Test func evaluationOfHeadsIsPlannedByParts() throws {
    var episodes = EpisodeOptions()
    episodes.episodes = 50
    func plan(_ methods: [LearningMethod], views: Int = 1, photos: Int = 60) throws -> LearningPlan {
      try LearningPlan(measuring: encoder, methods, views: views, photos: photos, classes: 6, episodes, shots: 5)
    }
    let one = try plan([.head(.prototype)])
    #expect(one.phases.map(\.name) == [.reading, .measuring] && one[.views] == 0)
    #expect(one.byteCount == one.phases.map { phase in phase.parts.reduce(0) { $0 + one[$1] } }.max())
    #expect(one[.features] == 4 * 60 * encoder.dimension)
    #expect(try plan([.head(.prototype)], photos: 120)[.dataset] == 2 * one[.dataset])
    #expect(try plan([.auto])[.features] > one[.features] && plan([.auto, .head(.prototype)])[.scores] > one[.scores])
    let views = try plan([.head(.prototype)], views: 2)
    #expect(views[.gathered] == 2 * one[.gathered] && views[.views] == encoder.viewByteCount && views[.dataset] > one[.dataset])
  }

  @Test func episodesHoldAllOfTheirData() throws {
    let episode = LearningMaterial(photosPerClass: [5, 5, 5], unlabelled: 20)
    let plan = try LearningPlan(
      measuring: encoder, tail: AdaptationOptions(), photos: 60, episode: episode, isShifted: true, aligns: true)
    #expect(plan.phases.map(\.name) == [.measuring] && plan.byteCount == LearningPlan.Part.allCases.reduce(0) { $0 + plan[$1] })
    let plain = try LearningPlan(
      measuring: encoder, tail: AdaptationOptions(), photos: 60, episode: episode, isShifted: false, aligns: false)
    #expect(2 * plain[.cutCache] == plan[.cutCache] && plain[.cameraPhotos] == 0 && plan[.cameraPhotos] > 0)
  }
}
