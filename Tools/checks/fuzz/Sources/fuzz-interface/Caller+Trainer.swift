import CInterface
import CInterfaceHeader

extension Caller {
  mutating func openTrainer() {
    let model = handle(.model)
    var options = tinynn_training_options(first_operator: 1, batch: 2, optimizer: 1, keeps_average: 1)
    if program.byte() > 128 {
      options.first_operator = program.integer()
      options.batch = program.integer()
      options.optimizer = program.integer()
      options.keeps_average = program.integer()
    }
    var (needed, trainer): (Int, OpaquePointer?) = (0, nil)
    check(given(&needed) { tinynn_trainer_required_bytes(model, &options, $0) })
    let count = program.size(needed, limit: Caller.byteLimit)
    let status = tinynn_trainer_open(memory(count), count, model, &options, &trainer)
    add(trainer, .trainer, status)
  }

  /// Parts of a step, most often in their order.
  mutating func trainOneStep() {
    let parts = program.byte()
    if parts & 1 == 0 { for _ in 0..<2 { loadTrainer() } }
    if parts & 2 == 0 { trainForward() }
    if parts & 4 == 0 { trainOnTask() }
    if parts & 8 == 0 { trainBackward() }
  }

  private mutating func loadTrainer() {
    let trainer = handle(.trainer), slot = program.integer()
    check(tinynn_trainer_load(trainer, handle(.session), slot))
    var (values, count): (UnsafeMutablePointer<Float>?, Int) = (nil, 0)
    let status = tinynn_trainer_cut(trainer, slot, &values, &count)
    check(status)
    if status == TINYNN_OK, let values { for place in 0..<count { values[place] = place < 8 ? program.float() : 0.5 } }
  }

  private mutating func trainForward() {
    let trainer = handle(.trainer)
    check(tinynn_trainer_forward(trainer))
    for _ in 0..<2 {
      let slot = program.integer()
      var (values, gradient, count): (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) = (nil, nil, 0)
      let status = tinynn_trainer_embedding(trainer, slot, &values, &gradient, &count)
      check(status)
      if status == TINYNN_OK, let gradient { for place in 0..<count { gradient[place] = program.float() } }
    }
  }

  private mutating func trainOnTask() {
    var loss: Float = 0
    let trainer = handle(.trainer), slot = program.integer(), task = handle(.task)
    let label = program.integer()
    check(given(&loss) { tinynn_trainer_prototype_loss(trainer, slot, task, label, $0) })
  }

  private mutating func trainBackward() {
    let trainer = handle(.trainer)
    check(tinynn_trainer_backward(trainer))
    var step = tinynn_optimizer_step(
      learning_rate: 0.01, momentum: 0.9, second_decay: 0.999, epsilon: 1e-8, weight_decay: 0, average_decay: 0.98,
      gradient_scale: 1)
    if program.byte() > 192 {
      step.learning_rate = program.float()
      step.epsilon = program.float()
      step.second_decay = program.float()
    }
    check(given(&step) { tinynn_trainer_step(trainer, $0) })
    if program.byte() > 192 { check(tinynn_trainer_adopt_average(trainer)) }
  }

  mutating func saveTrainer() {
    let trainer = handle(.trainer)
    var (needed, written) = (0, 0)
    check(given(&needed) { tinynn_trainer_file_bytes(trainer, $0) })
    let count = program.size(needed, limit: Caller.byteLimit), buffer = memory(count)
    let status = tinynn_trainer_save(trainer, buffer, count, &written)
    check(status)
    if status == TINYNN_OK, let buffer {
      precondition(written <= count)
      keep(buffer, written)
    }
  }
}
