import ArgumentParser
import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// Options of measurements with another camera.
struct ShiftOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Queries and photos without labels come from another camera: \
      \(CameraShift.Part.names.joined(separator: ", ")), camera (all but jpeg), none (the same photos); camera:0.5 \
      is half of it. The encoder is aligned by photos without labels; with --method finetune only if --align is \
      given.
      """,
      valueName: "NAME[:S]|none"))
  var shift: String?

  @Flag(help: .hidden)
  var align = false

  @Option(
    help: ArgumentHelp(
      "Photos without labels of each class, at most, for --shift and --auxiliary. (default: 25 with --shift, else none)",
      valueName: "N"))
  var unlabelledShots: Int?

  @Option(help: ArgumentHelp("How many of the classes photos without labels come from; fewer are imbalanced.", valueName: "N"))
  var unlabelledWays: Int?

  @Option(help: .hidden)
  var shiftThreshold = CameraAlignmentOptions().threshold

  /// Nil where queries are as they are.
  func camera() throws(Failure) -> CameraShift? {
    guard let shift, shift != "none" else { return nil }
    guard let camera = CameraShift(shift) else {
      throw Failure(
        .usage,
        """
        --shift: '\(shift)' is none of: camera, \(CameraShift.Part.names.joined(separator: ", ")), each with :S, S \
        above 0 and at most 1, or none
        """
      )
    }
    return camera
  }

  var alignment: CameraAlignmentOptions {
    var options = CameraAlignmentOptions()
    options.threshold = shiftThreshold
    return options
  }

  /// Nil where there are none.
  func unlabelledDraw(ways: Int) -> UnlabelledDraw? {
    guard shift != nil || unlabelledShots != nil else { return nil }
    var draw = UnlabelledDraw()
    draw.perClass = unlabelledShots ?? draw.perClass
    draw.classes = unlabelledWays ?? ways
    return draw
  }

  func validate() throws {
    if let unlabelledShots, !(1...10_000).contains(unlabelledShots) {
      throw ValidationError("--unlabelled-shots is \(unlabelledShots); it must be 1 to 10000")
    }
    guard unlabelledWays.map({ $0 >= 1 }) ?? true else { throw ValidationError("--unlabelled-ways must be 1 or more") }
  }
}

extension Evaluate {
  func evaluateShift(
    _ location: ModelLocation, _ classes: ClassFolders, _ source: PhotoSource, _ methods: [Method]
  ) throws {
    guard methods == [.frozen(.head(.prototype))] else {
      throw Failure(.usage, "--shift measures prototypes; leave --method out")
    }
    let camera = try shifted.camera()
    let plan: LearningPlan, inputs: ShiftedInputs
    do {
      plan = try LearningPlan(
        measuring: source.encoder, tail: nil, photos: classes.photoCount, episode: episodeMaterial, isShifted: true, aligns: true)
      inputs = try ShiftedInputs(classes.folders, source, through: camera, seed: seed)
    } catch { throw Failure(error, in: location.path) }
    let draw = shifted.unlabelledDraw(ways: ways) ?? UnlabelledDraw()
    let drawn: Episodes
    do { drawn = try Episodes(inputs.embedded, episodeOptions) } catch { throw Failure(.badData, "\(dataset): \(error)") }
    var episodesDone = Progress("Episodes", total: episodes)
    let result: ShiftResult
    do {
      result = try drawn.runShift(source.model, clean: inputs.clean, shifted: inputs.shifted, draw, shifted.alignment) {
        episodesDone.update(done: $0)
      }
    } catch { throw Failure(error, in: location.path) }
    episodesDone.finish()
    try report(result, camera, location, classes, plan.fields(weights: source.model.weightByteCount))
    noteMemory(planned: plan.byteCount, weights: source.model.weightByteCount)
  }

  private func report(
    _ result: ShiftResult, _ camera: CameraShift?, _ location: ModelLocation, _ classes: ClassFolders,
    _ memory: [(name: String, value: JSON)]
  ) throws {
    let unshifted = EpisodeResult(accuracies: result.unshifted), frozen = EpisodeResult(accuracies: result.frozen)
    let aligned = EpisodeResult(accuracies: result.aligned), gain = result.gain
    let shift = EpisodeResult(accuracies: result.shifts)
    func percent(_ result: EpisodeResult) -> String {
      "\(decimal(result.mean, digits: 2)) % +- \(decimal(result.interval, digits: 2))"
    }
    var json: JSON =
      [
        "accuracy": .number(aligned.mean), "ci95": .number(aligned.interval), "frozenAccuracy": .number(frozen.mean),
        "frozenCI95": .number(frozen.interval), "accuracies": aligned.json, "frozenAccuracies": frozen.json,
        "unshiftedAccuracy": .number(unshifted.mean), "gain": .number(gain.mean),
        "gainCI95": .number(gain.interval), "alignedEpisodes": .integer(result.alignedCount), "shift": .number(shift.mean),
        "leastShift": .number(result.shifts.min() ?? 0), "largestShift": .number(result.shifts.max() ?? 0),
        "camera": .string(shifted.shift ?? "none"), "cameraStrength": .float(camera?.strength ?? 0), "episodes": .integer(episodes),
        "ways": .integer(ways), "shots": .integer(shots),
        "seed": .integer(Int(truncatingIfNeeded: seed)), "model": .string(location.path), "dataset": .string(dataset),
      ]
    for (name, value) in memory { json.append(name, value) }
    try results.print(
      json,
      text: """
        \(ways)-way \(shots)-shot, queries of another camera (\(shifted.shift ?? "none")), aligned: \(percent(aligned)) over \
        \(episodes) episodes
        not aligned: \(percent(frozen)); gain \(decimal(gain.mean, digits: 2)) +- \(decimal(gain.interval, digits: 2)); \
        queries of the same camera: \(percent(unshifted))
        shift \(decimal(shift.mean, digits: 2)) (\(decimal(result.shifts.min() ?? 0, digits: 2)) to \
        \(decimal(result.shifts.max() ?? 0, digits: 2))), aligned in \(result.alignedCount) episodes
        """)
  }
}
