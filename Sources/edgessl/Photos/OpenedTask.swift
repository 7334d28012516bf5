import FewShot
import FewShotHost
import Glibc
import HostRuntime
import Synchronization
import TinyNN

/// A task file opened for classification.
final class OpenedTask {
  let reader: PhotoReader
  let names: [String]
  let head: HeadView
  private var confidences: [Float]
  private var scratch: [Float]

  init(_ runtime: RuntimeOptions, _ location: ModelLocation) throws(Failure) {
    try location.requireTask()
    reader = try PhotoReader(runtime, path: location.path)
    let model = reader.model
    guard model.has(.classes) else { throw Failure(noClassesIn: location.path) }
    do {
      let classes = try ClassesView(model)
      _ = try ExamplesView(model, classes: classes)
      head = try HeadView(model, classes: classes)
      names = (0..<classes.count).map { classes[$0].string }
    } catch { throw Failure(error, in: location.path) }
    confidences = [Float](repeating: 0, count: names.count)
    scratch = [Float](repeating: 0, count: head.scratchCount)
  }

  struct Answer {
    let prediction: Prediction
    let confidences: [Float]

    /// Classes, the most likely first.
    var ranking: [Int] {
      confidences.indices.sorted { confidences[$0] > confidences[$1] || (confidences[$0] == confidences[$1] && $0 < $1) }
    }
  }

  var plannedByteCount: Int { reader.encoder.plannedByteCount + 4 * (names.count + reader.encoder.dimension + scratch.count) }

  func classify(_ photo: String) throws(Failure) -> Answer {
    classify(try reader.embedding(of: photo))
  }

  func classify(_ embedding: [Float]) -> Answer {
    let example = LearnedExample(identifier: 0, embedding: embedding)
    var span = confidences.mutableSpan
    var scratchSpan = scratch.mutableSpan
    let prediction = example.embedding.withUnsafeBufferPointer {
      // Embeddings have at least one value.
      head.classify(
        Embedding($0.baseAddress!, count: $0.count), length: example.length, confidences: &span, scratch: &scratchSpan)
    }
    return Answer(prediction: prediction, confidences: confidences)
  }
}

/// One task for several photos at a time: each thread has a session of its own and takes whole photos, which costs nothing in
/// between. One photo alone is computed by as many threads as the command was given.
final class PhotoClassifiers: @unchecked Sendable {
  struct Classified {
    let answer: OpenedTask.Answer
    let milliseconds: Double
  }

  /// Photos whose answers are kept until they are printed in order.
  static let groupCount = 64

  private let tasks: [OpenedTask]
  private let pool: ThreadPool

  /// Without `--threads` as many as there are processors.
  init(_ runtime: RuntimeOptions, _ location: ModelLocation, photoCount: Int) throws(Failure) {
    let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let count = min(photoCount, runtime.wantedThreads ?? processors)
    var single = runtime
    if photoCount > 1 { single.wantedThreads = 1 }
    var tasks: [OpenedTask] = []
    for _ in 0..<count { tasks.append(try OpenedTask(single, location)) }
    self.tasks = tasks
    pool = ThreadPool(threadCount: count)
  }

  var first: OpenedTask { tasks[0] }
  var plannedByteCount: Int { tasks.reduce(0) { $0 + $1.plannedByteCount } }

  /// In the order of the photos.
  func classify(_ photos: [String]) -> [Result<Classified, Failure>] {
    let next = Atomic(0)
    let results = Mutex([Result<Classified, Failure>?](repeating: nil, count: photos.count))
    // A task belongs to one call at a time: there are as many calls as tasks.
    pool.perform(tasks.count) { number in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < photos.count else { return }
        let result = self.classify(photos[index], self.tasks[number])
        results.withLock { $0[index] = result }
      }
    }
    return results.withLock { $0.map { $0! } }
  }

  private func classify(_ photo: String, _ task: OpenedTask) -> Result<Classified, Failure> {
    let start = monotonicNanoseconds()
    do {
      let answer = try task.classify(photo)
      return .success(Classified(answer: answer, milliseconds: Double(monotonicNanoseconds() - start) / 1e6))
    } catch { return .failure(error) }
  }
}
