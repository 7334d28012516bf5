import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// What the network takes for a dataset's photos, and what a tail is trained and measured on.
private struct FinetunePhotos {
  let cache: CutCache
  let embedded: EmbeddedDataset
  /// The same photos through another camera.
  let shifted: ShiftedPhotos?
}

extension Evaluate {
  func evaluateFinetune(_ location: ModelLocation, _ classes: ClassFolders, _ reader: PhotoReader) throws {
    let camera = try shifted.camera()
    if shifted.align, camera == nil { throw Failure(.usage, "--align aligns the encoder with another camera: give --shift, too") }
    let adapter: TailTrainer, photos: FinetunePhotos
    do {
      let plan = try AdaptationPlan(
        for: reader.model, finetune.adaptation(seed: seed), photos: classes.photoCount, classes: ways,
        trunkByteCount: reader.encoder.plannedByteCount)
      photos = try read(classes, reader, plan, camera)
      adapter = try TailTrainer(reader.model, plan, cache: photos.cache)
    } catch let error as TrainingError { throw Failure(error, in: reader.model, path: location.path) }
    let drawn: Episodes
    do { drawn = try Episodes(photos.embedded, episodeOptions) } catch { throw Failure(.badData, "\(dataset): \(error)") }
    var progress = Progress("Episodes", total: episodes)
    let result: FinetuneResult
    do {
      result = try drawn.runFinetune(
        adapter, gated: !ungated, unlabelled: shifted.unlabelledDraw(ways: ways), shifted: photos.shifted
      ) { progress.update(done: $0) }
    } catch { throw Failure(error, in: location.path) }
    progress.finish()
    try report(result, adapter.plan, location, classes, reader)
  }

  private func report(
    _ result: FinetuneResult, _ plan: AdaptationPlan, _ location: ModelLocation, _ classes: ClassFolders, _ reader: PhotoReader
  ) throws {
    let (accuracy, frozen, gain) = (result.accuracy, result.frozenAccuracy, result.gain)
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
      ("rotatedEpisodes", .integer(result.auxiliaryCount)), ("unlabelled", .number(result.meanUnlabelledCount)),
      ("tailLayers", .integer(plan.layers)), ("trainedWeights", .integer(plan.training.trainedCount)),
      ("trainingBytes", .integer(plan.training.arenaByteCount)), ("accuracies", accuracy.json), ("frozenAccuracies", frozen.json),
    ]
    if let shift = shifted.shift { fields.append(("camera", .string(shift))) }
    if let aligned = result.alignedAccuracy {
      fields += [
        ("alignedAccuracy", .number(aligned.mean)), ("alignedCI95", .number(aligned.interval)), ("alignedAccuracies", aligned.json),
      ]
    }
    fields += [
      ("model", .string(location.path)), ("dataset", .string(dataset)), ("classes", .integer(classes.folders.count)),
      ("photos", .integer(classes.photoCount - reader.skipped.count)), ("skipped", JSON(reader.skipped)),
    ]
    var lines = [
      "\(ways)-way \(shots)-shot, finetune of the last \(plan.layers) layers: \(percent(accuracy)) over \(episodes) episodes",
      "prototypes of the same episodes: \(percent(frozen)); gain \(decimal(gain.mean, digits: 2)) +- \(decimal(gain.interval, digits: 2)); trained in \(result.takenCount) of them",
    ]
    if let aligned = result.alignedAccuracy { lines.append("trained, then aligned with the camera: \(percent(aligned))") }
    try results.print(.object(fields), text: lines.joined(separator: "\n"))
  }

  /// Runs all photos through the trunk; with a camera, once as they are and once through it.
  private func read(_ classes: ClassFolders, _ reader: PhotoReader, _ plan: AdaptationPlan, _ camera: CameraShift?) throws
    -> FinetunePhotos
  {
    let places = plan.options.placesPerPhoto, count = classes.photoCount, inputCount = reader.encoder.preprocessing.outputCount
    let trunk = TrunkRunner(reader.encoder, plan, cutTensor: plan.cutTensor)
    let cache = CutCache(
      count: count * places * (camera == nil ? 1 : 2), entryCount: plan.training.cutCount,
      map: reader.model.tensor(plan.cutTensor).quantization)
    let (clean, seen) = (
      CutCache(count: shifted.align ? count : 0, entryCount: inputCount, map: nil),
      CutCache(count: shifted.align ? count : 0, entryCount: inputCount, map: nil)
    )
    var (embedded, shiftedEmbedded) = (
      EmbeddedDataset(dimension: reader.encoder.dimension), EmbeddedDataset(dimension: reader.encoder.dimension)
    )
    var progress = Progress("Embedding", total: count)
    defer { progress.finish() }
    var (done, row) = (0, 0)
    for folder in classes.folders {
      var (embeddings, shiftedEmbeddings): ([[Float]], [[Float]]) = ([], [])
      for photo in folder.photos {
        if let input = try reader.networkInput(of: photo, strict: strict) {
          trunk.add(input, identifier: UInt64(row), to: cache, at: row * places)
          embeddings.append(try reader.encoder.embedding(ofInput: input))
          if let camera {
            let view = camera.apply(input, reader.encoder.preprocessing, row: row, seed: seed)
            trunk.add(view, identifier: UInt64(row), to: cache, at: (count + row) * places)
            shiftedEmbeddings.append(try reader.encoder.embedding(ofInput: view))
            if shifted.align {
              clean.store(input, at: row)
              seen.store(view, at: row)
            }
          }
          row += 1
        }
        done += 1
        progress.update(done: done)
      }
      embedded.add(folder.name, embeddings)
      shiftedEmbedded.add(folder.name, shiftedEmbeddings)
    }
    guard camera != nil else { return FinetunePhotos(cache: cache, embedded: embedded, shifted: nil) }
    var alignment = CameraAlignmentOptions()
    alignment.threshold = shifted.shiftThreshold
    let through = ShiftedPhotos(
      embedded: shiftedEmbedded, firstPlace: count * places,
      alignment: shifted.align ? .init(clean: clean, shifted: seen, options: alignment) : nil)
    return FinetunePhotos(cache: cache, embedded: embedded, shifted: through)
  }
}
