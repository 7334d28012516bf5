//! Trains the last layers of a network by a loss of the caller.
import HostRuntime
import TinyNN

// snippet.hide
let path = CommandLine.arguments.dropFirst().first ?? "models/edge-s/edge-s.tnn"
let file = try MappedFile(path)
let model = try Model(validating: file.bytes)
// snippet.show
let options = TrainingOptions(firstOperator: model.operatorCount - 4, batch: 8)
let plan = try TrainingPlan(for: model, options)  // weights, gradients, optimizer state: all in plan.arenaByteCount
let memory = AlignedMemory(byteCount: plan.arenaByteCount)
var training = try TrainingSession(model, plan, arena: memory.buffer)

for _ in 0..<10 {
  for example in 0..<options.batch {
    let cut = training.cut(example)  // what the trunk gave for this photo: Session.run(until: options.firstOperator)
    for index in 0..<cut.count { cut[index] = Float((index + example) % 7) / 7 }
  }
  training.forward()
  for example in 0..<options.batch {
    // The derivative of the loss by each embedding; here the loss is half the squared length.
    let embedding = training.embedding(example), gradient = training.embeddingGradient(example)
    for index in 0..<embedding.count { gradient[index] = embedding[index] / Float(options.batch) }
  }
  training.backward()
  training.step(OptimizerStep(learningRate: 1e-3))
}
// snippet.hide
print("\(plan.trainedCount) values train in \(plan.arenaByteCount) bytes")
