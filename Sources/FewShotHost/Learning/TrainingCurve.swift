public import FewShot
import HostRuntime

/// The losses of a training, objective by objective: means over its steps in at most 100 points.
public struct TrainingCurve: Equatable, Sendable {
  public struct Line: Equatable, Sendable {
    public let objective: ObjectiveKind
    /// Not multiplied by the objective's weight.
    public let losses: [Float]
  }

  public static let pointLimit = 100
  /// In the order of the objectives; empty where nothing has trained.
  public internal(set) var lines: [Line] = []
}

/// Gathers a curve while a training runs, in memory that a checkpoint can keep.
final class CurveRecorder {
  private let steps: Int
  private let points: Int
  private let memory: AlignedMemory

  init(steps: Int, objectives: Int) {
    self.steps = steps
    points = min(steps, TrainingCurve.pointLimit)
    memory = AlignedMemory(byteCount: 4 * points * objectives)
  }

  var state: UnsafeMutableRawBufferPointer { memory.buffer }

  func clear() { memory.floats.clear() }

  func add(_ loss: Float, objective: Int, step: Int) {
    let sums = memory.floats, point = objective * points + step * points / steps
    sums[point] += loss
  }

  /// The mean losses of one objective after all steps.
  func losses(objective: Int) -> [Float] {
    (0..<points).map { point in
      // Steps s with s * points / steps == point.
      let first = (point * steps + points - 1) / points, next = ((point + 1) * steps + points - 1) / points
      return memory.floats[objective * points + point] / Float(next - first)
    }
  }
}
