import Glibc

/// Medians of the processor seconds that one call of each contender takes, measured in interleaved rounds.
///
/// Time of the calling thread alone, so that other programs disturb little. A measurement repeats its call for at least
/// 1 ms, after one call that warms up.
func medianSeconds(rounds: Int, _ contenders: [() -> Void]) -> [Double] {
  func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
  func seconds(_ repetitions: Int, _ body: () -> Void) -> Double {
    let start = now()
    for _ in 0..<repetitions { body() }
    return now() - start
  }
  let repetitions = contenders.map { body in
    body()
    return max(1, Int(0.001 / seconds(1, body)))
  }
  var samples = contenders.map { _ in [Double]() }
  for _ in 0..<rounds {
    for (index, body) in contenders.enumerated() {
      samples[index].append(seconds(repetitions[index], body) / Double(repetitions[index]))
    }
  }
  return samples.map { $0.sorted()[rounds / 2] }
}

/// `value` with one digit after the point, right aligned.
func column(_ value: Double, _ width: Int, digits: Int = 1) -> String {
  let scale = digits == 1 ? 10.0 : 100.0
  let text = "\((value * scale).rounded() / scale)"
  return String(repeating: " ", count: max(0, width - text.count)) + text
}

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

func buffer(_ count: Int) -> UnsafeMutablePointer<Float> {
  // Freed by the end of the process; 64 bytes of alignment as in a session's arena.
  let memory = unsafe UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
    .bindMemory(to: Float.self, capacity: count)
  for index in 0..<count { unsafe memory[index] = Float(index % 17) / 8 - 1 }
  return unsafe memory
}
