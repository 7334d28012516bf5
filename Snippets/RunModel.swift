//! Opens a .tnn file, plans its memory, runs the network once.
import HostRuntime
import TinyNN

// snippet.hide
let path = CommandLine.arguments.dropFirst().first ?? "models/edge-s/edge-s.tnn"
// snippet.show
let file = try MappedFile(path)
let model = try Model(validating: file.bytes)  // every check of the file happens here
let plan = try InferencePlan(for: model)  // plan.arenaByteCount is known now
let memory = AlignedMemory(byteCount: plan.arenaByteCount)  // or static memory: the session gets no other
var session = try Session(model, plan, arena: memory.buffer)

let input = session.input()
for index in 0..<input.shape.count { input.setValue(0.5, at: index) }
session.run()
let embedding = session.output().floats  // valid until the next run
print("\(plan.arenaByteCount) bytes, \(embedding.count) values, the first one \(embedding[0])")
