//! Says what is on a photo.
import FewShotHost

// snippet.hide
let folder = "Examples/parts/support"
let encoder = try PhotoEncoder("models/edge-s/edge-s.tnn"), classes = try PhotoFolder.classes(in: folder)
let learning = Learning(encoder, try LearningPlan(encoder, for: LearningMaterial(classes)))
try learning.add(classes)
let taskPath = ".build/snippet-classify.tnn", photo = "Examples/parts/query/gear/01.jpg"
try learning.finish().write(to: taskPath)
// snippet.show
let answer = try Classifier(taskPath).classify(photo)
print(answer.isUnknown ? "unknown, nearest: \(answer.label)" : "\(answer.label), confidence \(answer.confidence)")
