import Glibc
import ModelCompiler
import TinyNN

/// What int8 costs in few-shot accuracy, estimated without labels.
///
/// Tasks are made of the calibration photos themselves: `ways` photos drawn at random and the nearest neighbours of each
/// (cosine of the float32 embeddings) are classes; the nearer half is learned as prototypes, by both networks from the same
/// photos, the others are asked. What the float32 network says with softmax(`scale` cosine) counts as the chance of each
/// class, so an answer of the int8 network costs the chance of the float32 answer less that of its own. The mean over all
/// questions, in percent, is the expected loss of accuracy in points: an answer that changes between two equally likely
/// classes costs nothing, as it is as often a gain.
struct AccuracyEstimate {
  static let ways = 5, shots = 5, episodes = 400
  static let scale = 16.0

  private let float: [[Float]]
  private let tasks: [Task]

  private struct Task {
    var support: [[Int]] = []
    var queries: [Int] = []
  }

  /// - Parameter embeddings: of the float32 network, one for each photo.
  init(_ embeddings: [[Float]]) {
    let float = embeddings.map(AccuracyEstimate.unit)
    self.float = float
    let count = float.count, ways = min(AccuracyEstimate.ways, count / 4)
    guard ways >= 2 else {
      tasks = []
      return
    }
    let shots = max(1, min(AccuracyEstimate.shots, count / (2 * ways)))
    let neighbours = float.map { photo in
      let similarity = float.map { AccuracyEstimate.dot(photo, $0) }
      return similarity.indices.sorted { (similarity[$0], $1) > (similarity[$1], $0) }
    }
    var random = SplitMix64(state: 0)
    tasks = (0..<AccuracyEstimate.episodes).map { _ in
      var isFree = [Bool](repeating: true, count: count)
      var members = (0..<ways).map { _ -> [Int] in
        var photo = random.next(below: count)
        while !isFree[photo] { photo = (photo + 1) % count }
        isFree[photo] = false
        return [photo]
      }
      for _ in 1..<2 * shots {
        for way in 0..<ways {
          let photo = neighbours[members[way][0]].first { isFree[$0] }!
          isFree[photo] = false
          members[way].append(photo)
        }
      }
      return Task(support: members.map { Array($0[..<shots]) }, queries: members.flatMap { $0[shots...] })
    }
  }

  /// Points of accuracy that a network with these embeddings of the same photos is expected to lose, never below 0. With
  /// fewer than 8 photos there are no tasks: then 100 (1 - mean cosine).
  func loss(_ embeddings: [[Float]]) -> Double {
    let int8 = embeddings.map(AccuracyEstimate.unit)
    guard !tasks.isEmpty else {
      return 100 * (1 - zip(float, int8).reduce(0) { $0 + AccuracyEstimate.dot($1.0, $1.1) } / Double(float.count))
    }
    var (sum, count) = (0.0, 0)
    for task in tasks {
      let a = task.support.map { AccuracyEstimate.prototype($0, float) },
        b = task.support.map { AccuracyEstimate.prototype($0, int8) }
      for query in task.queries {
        let scores = a.map { AccuracyEstimate.dot($0, float[query]) }, others = b.map { AccuracyEstimate.dot($0, int8[query]) }
        let (answer, other) = (AccuracyEstimate.best(scores), AccuracyEstimate.best(others))
        count += 1
        guard other != answer else { continue }
        let chances = scores.map { exp(AccuracyEstimate.scale * ($0 - scores[answer])) }
        sum += (chances[answer] - chances[other]) / chances.reduce(0, +)
      }
    }
    return 100 * sum / Double(count)
  }

  private static func best(_ scores: [Double]) -> Int { scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 } }

  private static func prototype(_ photos: [Int], _ embeddings: [[Float]]) -> [Float] {
    var sum = [Float](repeating: 0, count: embeddings[photos[0]].count)
    for photo in photos { for i in sum.indices { sum[i] += embeddings[photo][i] } }
    return unit(sum)
  }

  private static func unit(_ values: [Float]) -> [Float] {
    let length = Float(dot(values, values).squareRoot())
    return length > 0 ? values.map { $0 / length } : values
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var sum: Float = 0
        for i in 0..<a.count { sum += a[i] * b[i] }
        return Double(sum)
      }
    }
  }
}

/// Steele et al. 2014.
private struct SplitMix64 {
  var state: UInt64

  mutating func next(below limit: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(limit))
  }
}
