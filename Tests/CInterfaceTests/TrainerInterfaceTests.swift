import CInterface
import CInterfaceHeader
import FewShot
import FewShotHost
import HostRuntime
import TestSupport
import Testing
import TinyNN

@Suite struct TrainerInterfaceTests {
  private static let first: Int32 = 48
  private static let batch = 3

  /// Three steps through tinynn.h and through HostRuntime give the same weights, bit for bit.
  @Test(arguments: [TINYNN_SGD, TINYNN_ADAM]) func trainsTheWeightsOfTheHost(optimizer: Int) throws {
    let bytes = try Device.encoderBytes(), device = try Device(bytes)
    var random = CounterRandom(seed: 11)
    for index in 0..<4 {
      let row = (0..<device.dimension).map { _ in random.next(from: -1, to: 1) }
      try check(tinynn_task_add_example(device.task, index < 2 ? "a" : "b", UInt64(index), row, row.count))
    }
    try check(tinynn_task_learn(device.task))

    var options = tinynn_training_options(
      first_operator: TrainerInterfaceTests.first, batch: Int32(TrainerInterfaceTests.batch), optimizer: Int32(optimizer),
      keeps_average: 1)
    var needed = 0
    try check(tinynn_trainer_required_bytes(device.model, &options, &needed))
    let memory = AlignedMemory(byteCount: needed)
    var trainer: OpaquePointer?
    try check(tinynn_trainer_open(memory.buffer.baseAddress, needed, device.model, &options, &trainer))

    let host = try ModelRunner(bytes: bytes)
    let other = try Trainer(
      host.model,
      TrainingOptions(
        firstOperator: Int(TrainerInterfaceTests.first), batch: TrainerInterfaceTests.batch,
        optimizer: optimizer == TINYNN_SGD ? .sgd : .adam))
    for slot in 0..<TrainerInterfaceTests.batch {
      var input = tinynn_tensor()
      try check(tinynn_session_input(device.session, 0, &input))
      let values = input.data!.assumingMemoryBound(to: Float.self)
      for i in 0..<input.count { values[i] = random.next(from: -1, to: 1) }
      for i in 0..<input.count { host.session.input().floats[i] = values[i] }
      try check(tinynn_trainer_load(trainer, device.session, Int32(slot)))
      host.session.run(until: Int(TrainerInterfaceTests.first))
      host.session.copyValues(ofTensor: other.session.cutTensor, to: other.session.cut(slot))
    }
    let rate: Float = 1e-5
    var step = tinynn_optimizer_step(
      learning_rate: rate, momentum: 0.9, second_decay: 0.999, epsilon: 1e-8, weight_decay: 0.01, average_decay: 0.98,
      gradient_scale: 1)
    var losses: [Float] = []
    for _ in 0..<3 {
      try check(tinynn_trainer_forward(trainer))
      other.session.forward()
      var sum: Float = 0
      for slot in 0..<TrainerInterfaceTests.batch {
        var loss: Float = 0
        try check(tinynn_trainer_prototype_loss(trainer, Int32(slot), device.task, Int32(slot % 2), &loss))
        sum += loss
        var (values, gradient, count): (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) = (nil, nil, 0)
        try check(tinynn_trainer_embedding(trainer, Int32(slot), &values, &gradient, &count))
        let (embedding, target) = (other.session.embedding(slot), other.session.embeddingGradient(slot))
        #expect((0..<count).allSatisfy { values![$0] == embedding[$0] })
        for i in 0..<count { target[i] = gradient![i] }
      }
      losses.append(sum)
      try check(tinynn_trainer_backward(trainer))
      other.session.backward()
      try check(tinynn_trainer_step(trainer, &step))
      other.session.step(OptimizerStep(learningRate: rate, weightDecay: 0.01))
    }
    #expect(losses[2] < losses[0], "the loss went from \(losses[0]) to \(losses[2])")
    try check(tinynn_trainer_adopt_average(trainer))
    other.session.adoptAverage()

    var (count, written) = (0, 0)
    try check(tinynn_trainer_file_bytes(trainer, &count))
    let buffer = AlignedMemory(byteCount: count)
    try check(tinynn_trainer_save(trainer, buffer.buffer.baseAddress, count, &written))
    let trained = try ModelRunner(bytes: Array(buffer.buffer[0..<written])), expected = try ModelRunner(memory: other.trainedFile())
    let (a, b) = (trained.model.section(.weights), expected.model.section(.weights))
    #expect(a.count == b.count && Checksum.of(a) == Checksum.of(b))
    #expect(Checksum.of(a) != Checksum.of(host.model.section(.weights)))
    #expect(!trained.model.has(.statistics) && !trained.model.has(.classes))
  }

  @Test func wrongOrderAndWrongValuesAreRefused() throws {
    let device = try Device()
    var options = tinynn_training_options(first_operator: TrainerInterfaceTests.first, batch: 2, optimizer: 0, keeps_average: 0)
    var needed = 0
    try check(tinynn_trainer_required_bytes(device.model, &options, &needed))
    let memory = AlignedMemory(byteCount: needed)
    var trainer: OpaquePointer?
    #expect(tinynn_trainer_open(memory.buffer.baseAddress, needed - 1, device.model, &options, &trainer) == TINYNN_MEMORY_TOO_SMALL)
    try check(tinynn_trainer_open(memory.buffer.baseAddress, needed, device.model, &options, &trainer))
    var loss: Float = 0
    #expect(tinynn_trainer_backward(trainer) == TINYNN_NO_FORWARD)
    #expect(tinynn_trainer_prototype_loss(trainer, 0, device.task, 0, &loss) == TINYNN_OUT_OF_RANGE)
    #expect(tinynn_trainer_load(trainer, device.session, 2) == TINYNN_OUT_OF_RANGE)
    #expect(tinynn_trainer_load(trainer, device.session, -1) == TINYNN_OUT_OF_RANGE)
    let other = try Device()
    withExtendedLifetime(other) { #expect(tinynn_trainer_load(trainer, other.session, 0) == TINYNN_OTHER_MODEL) }
    #expect(tinynn_trainer_adopt_average(trainer) == TINYNN_OUT_OF_RANGE)
    var step = tinynn_optimizer_step(
      learning_rate: .nan, momentum: 0.9, second_decay: 0.999, epsilon: 1e-8, weight_decay: 0, average_decay: 0.98,
      gradient_scale: 1)
    #expect(tinynn_trainer_step(trainer, &step) == TINYNN_OUT_OF_RANGE)
    for (first, batch, optimizer, expected) in [
      (-1, 2, 0, TINYNN_OUT_OF_RANGE), (1000, 2, 0, TINYNN_OUT_OF_RANGE), (51, 2, 0, TINYNN_CUT_OUT_OF_RANGE),
      (48, 0, 0, TINYNN_OUT_OF_RANGE),
      (48, 5000, 0, TINYNN_OUT_OF_RANGE), (48, 2, 2, TINYNN_OUT_OF_RANGE), (49, 2, 0, TINYNN_NOTHING_TRAINS),
    ] {
      var wrong = tinynn_training_options(
        first_operator: Int32(first), batch: Int32(batch), optimizer: Int32(optimizer), keeps_average: 0)
      let status = tinynn_trainer_required_bytes(device.model, &wrong, &needed)
      #expect(status == expected, "first \(first), batch \(batch), optimizer \(optimizer): \(statusText(status))")
    }
  }

  /// Training that diverges is a bad result, never a fault.
  @Test func divergedWeightsAreSaved() throws {
    let device = try Device()
    var options = tinynn_training_options(first_operator: TrainerInterfaceTests.first, batch: 1, optimizer: 0, keeps_average: 0)
    var (needed, written) = (0, 0)
    try check(tinynn_trainer_required_bytes(device.model, &options, &needed))
    let memory = AlignedMemory(byteCount: needed)
    var trainer: OpaquePointer?
    try check(tinynn_trainer_open(memory.buffer.baseAddress, needed, device.model, &options, &trainer))
    try check(tinynn_trainer_load(trainer, device.session, 0))
    var step = tinynn_optimizer_step(
      learning_rate: 1e30, momentum: 0.9, second_decay: 0.999, epsilon: 1e-8, weight_decay: 0, average_decay: 0.98,
      gradient_scale: 1e20)
    for _ in 0..<3 {
      try check(tinynn_trainer_forward(trainer))
      var (values, gradient, count): (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) = (nil, nil, 0)
      try check(tinynn_trainer_embedding(trainer, 0, &values, &gradient, &count))
      for i in 0..<count { gradient![i] = 1e30 }
      try check(tinynn_trainer_backward(trainer))
      try check(tinynn_trainer_step(trainer, &step))
    }
    try check(tinynn_trainer_file_bytes(trainer, &needed))
    let buffer = AlignedMemory(byteCount: needed)
    try check(tinynn_trainer_save(trainer, buffer.buffer.baseAddress, needed, &written))
  }
}
