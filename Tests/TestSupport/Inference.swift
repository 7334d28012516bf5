import ModelCompiler
import TinyNN

/// Workers that run the parts of an operator one after the other on the caller's thread, last part first: what threads
/// compute, without their chance order.
public func serialWorkers(_ count: Int) -> Workers {
  Workers(count: count, pool: nil) { _, parts, work, job, index in
    for part in (0..<parts).reversed() { work(job, index, part, parts) }
  }
}

/// Lowers the graph, opens the file, runs it once on `inputs` (in the graph's layouts), and returns all outputs.
public func run(_ graph: Graph, _ inputs: [[Float]], threads: Int = 1, kernels: Kernels = .best) throws -> [[Float]] {
  let file = PatternedMemory(copying: graph.lowered().finish())
  let model = try Model(validating: file.region)
  let plan = try InferencePlan(for: model, threads: threads)
  let arena = PatternedMemory(byteCount: plan.arenaByteCount)
  var session = try Session(
    model, plan, arena: arena.bytes, kernels: kernels, workers: threads > 1 ? serialWorkers(threads) : .none)
  precondition(model.inputCount == inputs.count, "the model has \(model.inputCount) inputs, \(inputs.count) are given")
  for (index, values) in inputs.enumerated() {
    let tensor = session.input(index)
    precondition(tensor.shape.count == values.count, "input \(index) has \(tensor.shape.count) elements, \(values.count) are given")
    for i in 0..<values.count { tensor.setValue(values[i], at: i) }
  }
  session.run()
  let outputs = (0..<model.outputCount).map { index in
    let elements = session.output(index).floats
    return (0..<elements.count).map { elements[$0] }
  }
  return withExtendedLifetime((file, arena)) { outputs }
}

/// The largest difference between two arrays, as a part of the largest value expected.
public func relativeDifference(_ actual: [Float], _ expected: [Float]) -> Float {
  guard actual.count == expected.count else { return .infinity }
  var (largest, difference): (Float, Float) = (0, 0)
  for (a, e) in zip(actual, expected) {
    guard a.isFinite else { return .infinity }
    largest = max(largest, abs(e))
    difference = max(difference, abs(a - e))
  }
  return difference / largest
}
