// Takes the input as a program of calls of tinynn.h: any order, wrong sizes, misaligned memory, null pointers, handles of the wrong
// kind. Memory that a handle needs stays as it is, which the interface asks for; everything else may go wrong.

/// More calls find nothing that fewer do not.
private let callLimit = 64

/// What libFuzzer calls with each mutated input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  var caller = Caller(UnsafeBufferPointer(start: bytes, count: count))
  for _ in 0..<callLimit where !caller.program.isEmpty {
    switch caller.program.byte() % 15 {
    case 0: caller.openModel()
    case 1: caller.openSession()
    case 2: caller.useTensors()
    case 3: caller.runSession()
    case 4: caller.embedPhoto()
    case 5: caller.openTask()
    case 6: caller.addExamples()
    case 7: caller.editTask()
    case 8: caller.learn()
    case 9: caller.classify()
    case 10: caller.lookAtTask()
    case 11: caller.saveTask()
    case 12: caller.openTrainer()
    case 13: caller.trainOneStep()
    default: caller.saveTrainer()
    }
  }
  return 0
}
