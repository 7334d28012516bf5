public import CInterfaceHeader
import FewShot
import TinyNN

/// The options of a trainer, or nil where one is out of range.
private func training(_ options: tinynn_training_options) -> TrainingOptions? {
  // The sets of what trains hold so many operators; a model's own number is checked by the plan.
  guard options.first_operator >= 0, Int(options.first_operator) < OperatorSet.capacity, options.batch >= 1, options.batch <= 4096,
    options.optimizer >= 0, options.optimizer <= 1,
    options.keeps_average >= 0, options.keeps_average <= 1
  else { return nil }
  return TrainingOptions(
    firstOperator: Int(options.first_operator), batch: Int(options.batch),
    optimizer: options.optimizer == TINYNN_SGD ? .sgd : .adam, keepsAverage: options.keeps_average == 1)
}

/// Whether no size of the training plan can leave the address space, with room for gradients, their state and scratch memory.
private func fits(_ model: Model, _ options: tinynn_training_options) -> Bool {
  var limit = Int.max / 64 / Int(options.batch)
  var index = Int(options.first_operator)
  while index < model.operatorCount {
    let record = model.operatorRecord(index)
    for position in 0..<record.inputCount + record.outputCount {
      guard let tensor = model.operand(record, position) else { continue }
      limit -= model.tensor(tensor).type.shape.count
      if limit < 0 { return false }
    }
    index += 1
  }
  return true
}

@unsafe @c @implementation
public func tinynn_trainer_required_bytes(
  _ model: OpaquePointer?, _ options: UnsafePointer<tinynn_training_options>?, _ byte_count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { opened throws(TrainingError) in
    guard let options = unsafe options, let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    guard let training = unsafe training(options.pointee) else { return code(TINYNN_OUT_OF_RANGE) }
    guard unsafe fits(opened.model, options.pointee) else { return code(TINYNN_TOO_LARGE) }
    let plan = try TrainingPlan(for: opened.model, training)
    unsafe byte_count.pointee = handleByteCount(TrainerState.self) + plan.arenaByteCount
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_trainer_open(
  _ memory: UnsafeMutableRawPointer?, _ memory_bytes: Int, _ model: OpaquePointer?,
  _ options: UnsafePointer<tinynn_training_options>?, _ trainer: UnsafeMutablePointer<OpaquePointer?>?
) -> tinynn_status {
  unsafe withState(of: model, ModelState.self) { opened throws(TrainingError) in
    guard let options = unsafe options, let trainer = unsafe trainer else { return code(TINYNN_NULL_POINTER) }
    guard let training = unsafe training(options.pointee) else { return code(TINYNN_OUT_OF_RANGE) }
    guard unsafe fits(opened.model, options.pointee) else { return code(TINYNN_TOO_LARGE) }
    let plan = try TrainingPlan(for: opened.model, training), start = handleByteCount(TrainerState.self)
    let checked = unsafe check(memory, memory_bytes, needed: start + plan.arenaByteCount)
    guard checked == TINYNN_OK, let memory = unsafe memory else { return checked }
    // The memory was compared with the size that this takes; it is the caller's promise that nobody else uses it.
    let session = try unsafe TrainingSession(
      opened.model, plan, arena: UnsafeMutableRawBufferPointer(start: memory + start, count: plan.arenaByteCount))
    unsafe trainer.pointee = place(TrainerState(session: session, hasRunForward: false), at: memory)
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_trainer_load(_ trainer: OpaquePointer?, _ session: OpaquePointer?, _ slot: Int32) -> tinynn_status {
  unsafe withMutableState(of: trainer, TrainerState.self) { state in
    unsafe withMutableState(of: session, SessionState.self) { runner in
      guard isSameFile(runner.session.model, state.session.model) else { return code(TINYNN_OTHER_MODEL) }
      guard state.hasSlot(slot) else { return code(TINYNN_OUT_OF_RANGE) }
      runner.session.run(until: state.session.plan.options.firstOperator)
      runner.session.copyValues(ofTensor: state.session.cutTensor, to: state.session.cut(Int(slot)))
      state.hasRunForward = false
      return code(TINYNN_OK)
    }
  }
}

private func isSameFile(_ a: Model, _ b: Model) -> Bool {
  // Compares addresses, touches nothing.
  unsafe a.bytes.pointer == b.bytes.pointer
}

@unsafe @c @implementation
public func tinynn_trainer_cut(
  _ trainer: OpaquePointer?, _ slot: Int32, _ values: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?,
  _ count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withMutableState(of: trainer, TrainerState.self) { state in
    guard let values = unsafe values, let count = unsafe count else { return code(TINYNN_NULL_POINTER) }
    guard state.hasSlot(slot) else { return code(TINYNN_OUT_OF_RANGE) }
    let cut = state.session.cut(Int(slot))
    unsafe values.pointee = cut.address.assumingMemoryBound(to: Float.self)
    unsafe count.pointee = cut.count
    state.hasRunForward = false
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_trainer_forward(_ trainer: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: trainer, TrainerState.self) { state in
    state.session.forward()
    state.hasRunForward = true
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_trainer_embedding(
  _ trainer: OpaquePointer?, _ slot: Int32, _ values: UnsafeMutablePointer<UnsafePointer<Float>?>?,
  _ gradient: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?, _ count: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: trainer, TrainerState.self) { state in
    guard let values = unsafe values, let gradient = unsafe gradient, let count = unsafe count else {
      return code(TINYNN_NULL_POINTER)
    }
    guard state.hasSlot(slot) else { return code(TINYNN_OUT_OF_RANGE) }
    guard state.hasRunForward else { return code(TINYNN_NO_FORWARD) }
    let embedding = state.session.embedding(Int(slot))
    unsafe values.pointee = UnsafePointer(embedding.address.assumingMemoryBound(to: Float.self))
    unsafe gradient.pointee = state.session.embeddingGradient(Int(slot)).address.assumingMemoryBound(to: Float.self)
    unsafe count.pointee = embedding.count
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_trainer_prototype_loss(
  _ trainer: OpaquePointer?, _ slot: Int32, _ task: OpaquePointer?, _ class_index: Int32, _ loss: UnsafeMutablePointer<Float>?
) -> tinynn_status {
  unsafe withState(of: trainer, TrainerState.self) { state in
    unsafe withState(of: task, TaskState.self) { learned in
      guard let loss = unsafe loss else { return code(TINYNN_NULL_POINTER) }
      guard state.hasSlot(slot), class_index >= 0, Int(class_index) < learned.task.classCount else {
        return code(TINYNN_OUT_OF_RANGE)
      }
      guard state.hasRunForward else { return code(TINYNN_NO_FORWARD) }
      guard let prototypes = learned.task.learnedPrototypes else { return code(TINYNN_NOT_LEARNED) }
      let embedding = state.session.embedding(Int(slot)), gradient = state.session.embeddingGradient(Int(slot))
      guard prototypes.dimension == embedding.count else { return code(TINYNN_OTHER_MODEL) }
      let shape = ObjectiveShape(dimension: prototypes.dimension, classCount: prototypes.count, photoCount: 1, rowCount: 1)
      guard let objective = Prototype(shape, memory: learned.task.logits) else { return code(TINYNN_NOT_LEARNED) }
      let weight = 1 / Float(state.session.plan.options.batch)
      var row = ObjectiveRow(label: Int(class_index))
      // The row is used inside the closure only.
      let found = unsafe withUnsafeMutablePointer(to: &row) { row in
        let rows = unsafe Elements<ObjectiveRow>(UnsafeMutableRawPointer(row), count: 1)
        return objective.loss(
          ObjectiveBatch(rows: rows, embeddings: embedding, gradients: gradient, prototypes: prototypes, weight: weight))
      }
      unsafe loss.pointee = found
      return code(TINYNN_OK)
    }
  }
}

@unsafe @c @implementation
public func tinynn_trainer_backward(_ trainer: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: trainer, TrainerState.self) { state in
    guard state.hasRunForward else { return code(TINYNN_NO_FORWARD) }
    state.session.backward()
    // The pass overwrites activations and gradients.
    state.hasRunForward = false
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_trainer_step(_ trainer: OpaquePointer?, _ step: UnsafePointer<tinynn_optimizer_step>?) -> tinynn_status {
  unsafe withMutableState(of: trainer, TrainerState.self) { state in
    guard let step = unsafe step?.pointee else { return code(TINYNN_NULL_POINTER) }
    guard isRate(step.learning_rate), isDecay(step.momentum), isDecay(step.second_decay), isRate(step.epsilon),
      isRate(step.weight_decay), isDecay(step.average_decay), step.gradient_scale.isFinite
    else { return code(TINYNN_OUT_OF_RANGE) }
    state.session.step(
      OptimizerStep(
        learningRate: step.learning_rate, momentum: step.momentum, secondDecay: step.second_decay, epsilon: step.epsilon,
        weightDecay: step.weight_decay, averageDecay: step.average_decay),
      gradientScale: step.gradient_scale)
    state.hasRunForward = false
    return code(TINYNN_OK)
  }
}

private func isRate(_ value: Float) -> Bool { value >= 0 && value.isFinite }
private func isDecay(_ value: Float) -> Bool { value >= 0 && value < 1 }

@unsafe @c @implementation
public func tinynn_trainer_adopt_average(_ trainer: OpaquePointer?) -> tinynn_status {
  unsafe withMutableState(of: trainer, TrainerState.self) { state in
    guard state.session.plan.options.keepsAverage else { return code(TINYNN_OUT_OF_RANGE) }
    state.session.adoptAverage()
    state.hasRunForward = false
    return code(TINYNN_OK)
  }
}

@unsafe @c @implementation
public func tinynn_trainer_file_bytes(_ trainer: OpaquePointer?, _ byte_count: UnsafeMutablePointer<Int>?) -> tinynn_status {
  unsafe withState(of: trainer, TrainerState.self) { state in
    guard let byte_count = unsafe byte_count else { return code(TINYNN_NULL_POINTER) }
    unsafe byte_count.pointee = encoder(of: state.session.model, into: nil).byteCount
    return code(TINYNN_OK)
  }
}

/// The file without what depends on the weights as they were; not sealed.
private func encoder(of model: Model, into target: Elements<UInt8>?) -> FileAssembly {
  var file = FileAssembly(sectionCount: model.sectionCount(except: .dependingOnWeights), into: target)
  file.copySections(of: model, except: .dependingOnWeights)
  return file
}

@unsafe @c @implementation
public func tinynn_trainer_save(
  _ trainer: OpaquePointer?, _ buffer: UnsafeMutableRawPointer?, _ buffer_bytes: Int, _ written: UnsafeMutablePointer<Int>?
) -> tinynn_status {
  unsafe withState(of: trainer, TrainerState.self) { state in
    guard let written = unsafe written else { return code(TINYNN_NULL_POINTER) }
    let model = state.session.model
    let needed = encoder(of: model, into: nil).byteCount
    let checked = unsafe check(buffer, buffer_bytes, needed: needed)
    guard checked == TINYNN_OK, let buffer = unsafe buffer else { return checked }
    // The buffer was just compared with the file's size.
    let file = unsafe encoder(of: model, into: Elements<UInt8>(buffer, count: needed))
    var span = unsafe MutableRawSpan(_unsafeStart: buffer, byteCount: needed)
    state.session.write(into: &span, weightsAt: file.weightsOffset)
    file.seal()
    unsafe written.pointee = needed
    return code(TINYNN_OK)
  }
}
