import FewShot
import FewShotHost
import HostRuntime
import TinyNN

extension Evaluate {
  func evaluateFinetune(_ location: ModelLocation, _ classes: ClassFolders, _ source: PhotoSource) throws {
    let camera = try shifted.camera()
    if shifted.align, camera == nil { throw Failure(.usage, "--align aligns the encoder with another camera: give --shift, too") }
    if let kind = finetune.adaptation(seed: seed).needsUnlabelled, shifted.unlabelledDraw(ways: ways) == nil {
      throw Failure(.usage, "--auxiliary \(kind.name) trains on photos without labels: give --unlabelled-shots, too")
    }
    let plan: LearningPlan, inputs: MeasuredInputs, adapter: TailTrainer
    do {
      plan = try LearningPlan(
        measuring: source.encoder, tail: finetune.adaptation(seed: seed), photos: classes.photoCount, episode: episodeMaterial,
        isShifted: camera != nil, aligns: shifted.align)
      let other = camera.map {
        MeasuredInputs.OtherCamera($0, seed: seed, alignment: shifted.align ? shifted.alignment : nil)
      }
      inputs = try MeasuredInputs(classes.folders, source, plan.tail!, through: other)
      adapter = try TailTrainer(source.model, plan.tail!, cache: inputs.cache)
    } catch { throw Failure(error, in: location.path, of: source.model) }
    let drawn: Episodes
    do { drawn = try Episodes(inputs.embedded, episodeOptions) } catch { throw Failure(.badData, "\(dataset): \(error)") }
    var progress = Progress("Episodes", total: episodes)
    let result: FinetuneResult
    do {
      result = try drawn.runFinetune(
        adapter, statistics: StatisticsView.of(source.model), gated: !ungated, unlabelled: shifted.unlabelledDraw(ways: ways),
        shifted: inputs.shifted
      ) { progress.update(done: $0) }
    } catch { throw Failure(error, in: location.path, of: source.model) }
    progress.finish()
    try report(result, plan, location, classes, source)
    noteMemory(planned: plan.byteCount, weights: source.model.weightByteCount)
  }

  private func report(
    _ result: FinetuneResult, _ memory: LearningPlan, _ location: ModelLocation, _ classes: ClassFolders, _ source: PhotoSource
  ) throws {
    let plan = memory.tail!, accuracy = result.accuracy, frozen = result.frozenAccuracy, gain = result.gain
    func percent(_ result: EpisodeResult) -> String {
      "\(decimal(result.mean, digits: 2)) % +- \(decimal(result.interval, digits: 2))"
    }
    var fields: [(name: String, value: JSON)] = [
      ("accuracy", .number(accuracy.mean)), ("ci95", .number(accuracy.interval)), ("episodes", .integer(episodes)),
      ("ways", .integer(ways)),
      ("shots", .integer(shots)), ("queries", .integer(queries)), ("seed", .integer(Int(truncatingIfNeeded: seed))),
      ("method", .string(method)),
      ("frozenAccuracy", .number(frozen.mean)), ("frozenCI95", .number(frozen.interval)), ("gain", .number(gain.mean)),
      ("gainCI95", .number(gain.interval)), ("trainedEpisodes", .integer(result.takenCount)),
      ("auxiliary", .string(finetune.auxiliary.rawValue)),
      ("auxiliaryEpisodes", .integer(result.auxiliaryCount)), ("unlabelled", .number(result.meanUnlabelledCount)),
      ("tailLayers", .integer(plan.layers)), ("trainedWeights", .integer(plan.training.trainedCount)),
      ("trainingBytes", .integer(plan.training.arenaByteCount)), ("accuracies", accuracy.json), ("frozenAccuracies", frozen.json),
    ]
    if !result.auto.isEmpty {
      let auto = EpisodeResult(accuracies: result.auto), averaged = EpisodeResult(accuracies: result.averaged)
      fields += [
        ("autoAccuracy", .number(auto.mean)), ("autoAccuracies", auto.json), ("averagedAccuracy", .number(averaged.mean)),
        ("averagedCI95", .number(averaged.interval)), ("averagedAccuracies", averaged.json),
      ]
    }
    if let shift = shifted.shift { fields.append(("camera", .string(shift))) }
    if let aligned = result.alignedAccuracy {
      fields += [
        ("alignedAccuracy", .number(aligned.mean)), ("alignedCI95", .number(aligned.interval)), ("alignedAccuracies", aligned.json),
        ("alignedEpisodes", .integer(result.alignedCount)),
      ]
    }
    fields += [
      ("model", .string(location.path)), ("dataset", .string(dataset)), ("classes", .integer(classes.folders.count)),
      ("photos", .integer(classes.photoCount - source.skipped.count)), ("skipped", JSON(source.skipped)),
    ]
    fields += memory.fields(weights: source.model.weightByteCount)
    var lines = [
      "\(ways)-way \(shots)-shot, finetune of the last \(plan.layers) layers: \(percent(accuracy)) over \(episodes) episodes",
      """
      prototypes of the same episodes: \(percent(frozen)); gain \(decimal(gain.mean, digits: 2)) +- \
      \(decimal(gain.interval, digits: 2)); trained in \(result.takenCount) of them
      """,
    ]
    if !result.auto.isEmpty {
      let auto = EpisodeResult(accuracies: result.auto), beyond = accuracy.minus(auto)
      lines.append(
        """
        auto without training: \(percent(auto)); training gains \(decimal(beyond.mean, digits: 2)) +- \
        \(decimal(beyond.interval, digits: 2)); the mean of both answers: \(percent(EpisodeResult(accuracies: result.averaged)))
        """)
    }
    if let aligned = result.alignedAccuracy {
      lines.append("trained, then aligned with the camera: \(percent(aligned)); aligned in \(result.alignedCount) episodes")
    }
    try results.print(.object(fields), text: lines.joined(separator: "\n"))
  }
}
