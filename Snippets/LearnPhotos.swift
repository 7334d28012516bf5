//! Learns classes from folders of photos, within a memory budget, and writes the task file.
import FewShotHost

// snippet.hide
let arguments = Array(CommandLine.arguments.dropFirst())
let encoderPath = arguments.first ?? "models/edge-s/edge-s.tnn"
let folder = arguments.dropFirst().first ?? "Examples/parts/support"
let taskPath = arguments.dropFirst(2).first ?? ".build/snippet-task.tnn"
// snippet.show
let classes = try PhotoFolder.classes(in: folder)  // folder/<class>/*.jpg
let encoder = try PhotoEncoder(encoderPath)
let plan = try LearningPlan(encoder, for: LearningMaterial(classes), budget: 32_000_000)
let learning = Learning(encoder, plan)
try learning.add(classes)
try learning.finish().write(to: taskPath)
