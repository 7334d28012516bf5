import CInterface
import CInterfaceHeader
import FewShot
import FewShotHost
import HostRuntime
import TestSupport
import Testing
import TinyNN

/// Whatever a caller does wrong that can be found out is a status.
@Suite struct BadInputTests {
  @Test func everyStatusHasAText() {
    var texts: Set<String> = []
    for status in 0..<128 { texts.insert(String(cString: tinynn_status_text(tinynn_status(status))!)) }
    #expect(texts.contains("unknown status"))
    #expect(texts.count >= 43)
    for reason in UInt8(1)...33 {
      #expect(ModelError.Reason(rawValue: reason) != nil)
      #expect(!statusText(tinynn_status(reason)).hasSuffix("unknown status"))
    }
    #expect(ModelError.Reason(rawValue: 34) == nil, "tinynn.h has no status for it")
    #expect(ModelError.Reason.truncated.rawValue == TINYNN_FILE_TRUNCATED)
    #expect(ModelError.Reason.unknownOperator.rawValue == TINYNN_FILE_UNKNOWN_OPERATOR)
    #expect(ModelError.Reason.taskMalformed.rawValue == TINYNN_FILE_TASK_MALFORMED)
    #expect(ModelError.Reason.arenaMisaligned.rawValue == TINYNN_ARENA_MISALIGNED)
  }

  @Test func handlesFitTheirConstants() {
    #expect(tinynn_model_required_bytes() <= TINYNN_MODEL_BYTES)
    #expect(tinynn_version() == TINYNN_VERSION)
    #expect(Format.alignment == TINYNN_ALIGNMENT)
    let sets: [(InstructionSet, Int)] = [
      (.reference, TINYNN_KERNELS_REFERENCE), (.avx2, TINYNN_KERNELS_AVX2), (.avx512, TINYNN_KERNELS_AVX512),
      (.neon, TINYNN_KERNELS_NEON),
      (.avxVNNI, TINYNN_KERNELS_AVX_VNNI), (.avx512VNNI, TINYNN_KERNELS_AVX512_VNNI),
      (.neonDotProduct, TINYNN_KERNELS_NEON_DOT_PRODUCT), (.neonI8MM, TINYNN_KERNELS_NEON_I8MM), (.arm, TINYNN_KERNELS_ARM),
    ]
    for (set, number) in sets { #expect(Int(set.rawValue) == number) }
  }

  @Test func nullPointersAreRefused() throws {
    let device = try Device(), null = tinynn_status(TINYNN_NULL_POINTER)
    var (size, tensor, info, prediction, loss) = (0, tinynn_tensor(), tinynn_model_info(), tinynn_prediction(), Float(0))
    var options = tinynn_training_options(first_operator: 46, batch: 1, optimizer: 0, keeps_average: 0)
    var handle: OpaquePointer?
    let memory = AlignedMemory(byteCount: 4096)
    let base = memory.buffer.baseAddress
    let row = [Float](repeating: 1, count: device.dimension)
    let statuses: [tinynn_status] = [
      tinynn_model_open(nil, 4096, base, 64, &handle, nil), tinynn_model_open(base, 4096, nil, 64, &handle, nil),
      tinynn_model_open(base, 4096, device.file.buffer.baseAddress, 64, nil, nil),
      tinynn_model_info_get(nil, &info), tinynn_model_info_get(device.model, nil),
      tinynn_session_required_bytes(nil, &size), tinynn_session_required_bytes(device.model, nil),
      tinynn_session_arena_bytes(nil, &size), tinynn_session_arena_bytes(device.model, nil),
      tinynn_session_open(nil, 1 << 20, device.model, -1, &handle), tinynn_session_open(base, 4096, nil, -1, &handle),
      tinynn_session_open(base, 4096, device.model, -1, nil),
      tinynn_session_input(nil, 0, &tensor), tinynn_session_input(device.session, 0, nil),
      tinynn_session_output(nil, 0, &tensor), tinynn_session_output(device.session, 0, nil),
      tinynn_session_run(nil), tinynn_session_run_operator(nil, 0),
      tinynn_embed_scratch_bytes(nil, 1, 1, &size), tinynn_embed_scratch_bytes(device.model, 1, 1, nil),
      tinynn_session_embed(nil, nil, 0, 1, 1, 3, base, 64), tinynn_session_embed(device.session, nil, 3, 1, 1, 3, base, 64),
      tinynn_session_load_photo(device.session, nil, 3, 1, 1, 3, base, 64),
      tinynn_task_required_bytes(nil, 2, 2, &size), tinynn_task_required_bytes(device.model, 2, 2, nil),
      tinynn_task_open(nil, 1 << 24, device.model, 2, 2, &handle), tinynn_task_open(base, 4096, device.model, 2, 2, nil),
      -tinynn_task_class_count(nil), -tinynn_task_example_count(nil),
      tinynn_task_add_example(nil, "a", 1, row, row.count), tinynn_task_add_example(device.task, nil, 1, row, row.count),
      tinynn_task_add_example(device.task, "a", 1, nil, row.count),
      tinynn_task_remove_class(nil, "a"), tinynn_task_remove_class(device.task, nil),
      tinynn_task_rename_class(device.task, nil, "a"), tinynn_task_rename_class(device.task, "a", nil),
      tinynn_task_learn(nil), tinynn_task_classify(nil, row, row.count, &prediction),
      tinynn_task_classify(device.task, nil, row.count, &prediction), tinynn_task_classify(device.task, row, row.count, nil),
      tinynn_task_confidences(nil, nil, 0), tinynn_task_confidences(device.task, nil, 0),
      tinynn_task_file_bytes(nil, &size), tinynn_task_file_bytes(device.task, nil),
      tinynn_task_save(nil, base, 4096, &size), tinynn_task_save(device.task, base, 4096, nil),
      tinynn_trainer_required_bytes(nil, &options, &size), tinynn_trainer_required_bytes(device.model, nil, &size),
      tinynn_trainer_open(nil, 1 << 24, device.model, &options, &handle),
      tinynn_trainer_open(base, 4096, device.model, nil, &handle),
      tinynn_trainer_load(nil, device.session, 0), tinynn_trainer_cut(nil, 0, nil, nil), tinynn_trainer_forward(nil),
      tinynn_trainer_embedding(nil, 0, nil, nil, nil), tinynn_trainer_prototype_loss(nil, 0, device.task, 0, &loss),
      tinynn_trainer_backward(nil), tinynn_trainer_step(nil, nil), tinynn_trainer_adopt_average(nil),
      tinynn_trainer_file_bytes(nil, &size), tinynn_trainer_save(nil, base, 4096, &size),
    ]
    for (index, status) in statuses.enumerated() { #expect(status == null, "call \(index): \(statusText(status))") }
    #expect(tinynn_task_class_name(nil, 0) == nil)
    #expect(tinynn_checksum(nil, 5) == 0)
  }

  @Test func oneByteLessAndMisalignedMemoryAreRefused() throws {
    let device = try Device()
    var (needed, handle) = (0, OpaquePointer?.none)
    try check(tinynn_session_required_bytes(device.model, &needed))
    let memory = AlignedMemory(byteCount: needed + 64), base = memory.buffer.baseAddress!
    #expect(tinynn_session_open(base, needed - 1, device.model, -1, &handle) == TINYNN_MEMORY_TOO_SMALL)
    #expect(tinynn_session_open(base + 4, needed, device.model, -1, &handle) == TINYNN_MISALIGNED)
    #expect(tinynn_session_open(base, needed, device.model, 77, &handle) == TINYNN_NO_SUCH_KERNELS)
    let file = device.file.buffer.baseAddress!
    #expect(
      tinynn_model_open(base, tinynn_model_required_bytes() - 1, file, device.fileByteCount, &handle, nil)
        == TINYNN_MEMORY_TOO_SMALL)
    #expect(tinynn_model_open(base, 4096, file + 8, device.fileByteCount - 8, &handle, nil) == TINYNN_FILE_MISALIGNED)
    try check(tinynn_task_required_bytes(device.model, 4, 8, &needed))
    #expect(tinynn_task_open(base, needed - 1, device.model, 4, 8, &handle) == TINYNN_MEMORY_TOO_SMALL)
    #expect(tinynn_task_open(base + 1, needed, device.model, 4, 8, &handle) == TINYNN_MISALIGNED)
    #expect(tinynn_task_required_bytes(device.model, 1, 8, &needed) == TINYNN_OUT_OF_RANGE)
    #expect(tinynn_task_required_bytes(device.model, 4, 1 << 30, &needed) == TINYNN_OUT_OF_RANGE)
    #expect(handle == nil)
  }

  @Test func otherHandlesAndPlainMemoryAreRefused() throws {
    let device = try Device()
    let plain = AlignedMemory(byteCount: 4096)
    let memory = OpaquePointer(plain.buffer.baseAddress!)
    for handle in [device.model, device.task, memory] { #expect(tinynn_session_run(handle) == TINYNN_NOT_A_HANDLE) }
    for handle in [device.model, device.session, memory] { #expect(tinynn_task_learn(handle) == TINYNN_NOT_A_HANDLE) }
    for handle in [device.model, device.session, memory] { #expect(tinynn_trainer_forward(handle) == TINYNN_NOT_A_HANDLE) }
    #expect(tinynn_session_run(OpaquePointer(plain.buffer.baseAddress! + 1)) == TINYNN_MISALIGNED)
  }

  @Test func photosAndIndicesOutOfRangeAreRefused() throws {
    let device = try Device()
    let pixels = [UInt8](repeating: 7, count: 300), scratch = AlignedMemory(byteCount: 1 << 16), base = scratch.buffer.baseAddress
    var (tensor, size) = (tinynn_tensor(), 0)
    func embed(_ count: Int, _ height: Int32, _ width: Int32, _ stride: Int, _ room: Int = 1 << 16) -> tinynn_status {
      tinynn_session_embed(device.session, pixels, count, height, width, stride, base, room)
    }
    #expect(embed(300, 10, 10, 30) == TINYNN_OK)
    #expect(embed(299, 10, 10, 30) == TINYNN_PIXELS_TOO_FEW)
    #expect(embed(300, 10, 10, 29) == TINYNN_PIXELS_TOO_FEW)
    #expect(embed(300, 10, 10, Int.max) == TINYNN_PIXELS_TOO_FEW)
    #expect(embed(300, 0, 10, 30) == TINYNN_PHOTO_SIZE)
    #expect(embed(300, 10, -5, 30) == TINYNN_PHOTO_SIZE)
    #expect(embed(300, 10, Int32.max, 30) == TINYNN_PHOTO_SIZE)
    #expect(embed(300, 10, 10, 30, 63) == TINYNN_MEMORY_TOO_SMALL)
    #expect(tinynn_embed_scratch_bytes(device.model, -1, 10, &size) == TINYNN_PHOTO_SIZE)
    for index in [-1, 1, Int32.max] {
      #expect(tinynn_session_input(device.session, index, &tensor) == TINYNN_OUT_OF_RANGE)
      #expect(tinynn_session_output(device.session, index, &tensor) == TINYNN_OUT_OF_RANGE)
    }
    #expect(tinynn_session_run_operator(device.session, 1000) == TINYNN_OUT_OF_RANGE)
    #expect(tinynn_task_class_name(device.task, 0) == nil)
  }

  @Test func tasksRefuseWhatTheyCannotHold() throws {
    let device = try Device(try Device.encoderBytes(), classes: 2, examples: 3)
    let row = (0..<device.dimension).map { Float($0) }
    var prediction = tinynn_prediction()
    func add(_ name: String, _ identifier: UInt64, _ row: [Float]) -> tinynn_status {
      tinynn_task_add_example(device.task, name, identifier, row, row.count)
    }
    #expect(tinynn_task_learn(device.task) == TINYNN_TOO_FEW_CLASSES)
    #expect(tinynn_task_classify(device.task, row, row.count, &prediction) == TINYNN_NOT_LEARNED)
    #expect(add("", 1, row) == TINYNN_BAD_NAME)
    #expect(add("a\u{7}", 1, row) == TINYNN_BAD_NAME)
    #expect(add(String(repeating: "x", count: 256), 1, row) == TINYNN_BAD_NAME)
    #expect(add("a", 1, Array(row.dropLast())) == TINYNN_WRONG_COUNT)
    #expect(add("a", 1, row.map { _ in Float.nan }) == TINYNN_NOT_FINITE)
    #expect(tinynn_task_class_count(device.task) == 0)
    #expect(add(String(repeating: "x", count: 255), 1, row) == TINYNN_OK)
    #expect(add("b", 1, row) == TINYNN_OK)
    #expect(add("b", 1, row) == TINYNN_EXAMPLE_EXISTS)
    #expect(add("c", 1, row) == TINYNN_TOO_MANY_CLASSES)
    #expect(add("b", 2, row) == TINYNN_OK)
    #expect(add("b", 3, row) == TINYNN_TOO_MANY_EXAMPLES)
    #expect(tinynn_task_remove_class(device.task, "b") == TINYNN_TOO_FEW_CLASSES)
    #expect(tinynn_task_remove_class(device.task, "moon") == TINYNN_NO_SUCH_CLASS)
    #expect(tinynn_task_rename_class(device.task, "moon", "sun") == TINYNN_NO_SUCH_CLASS)
    #expect(tinynn_task_rename_class(device.task, "b", String(repeating: "x", count: 255)) == TINYNN_CLASS_EXISTS)
    #expect(tinynn_task_classify(device.task, row, row.count, &prediction) == TINYNN_NOT_LEARNED)
    #expect(tinynn_task_learn(device.task) == TINYNN_OK)
    #expect(tinynn_task_classify(device.task, row, row.count - 1, &prediction) == TINYNN_WRONG_COUNT)
    var confidences = row
    #expect(tinynn_task_confidences(device.task, &confidences, 3) == TINYNN_WRONG_COUNT)
    let small = AlignedMemory(byteCount: 4096)
    var written = 0
    #expect(tinynn_task_save(device.task, small.buffer.baseAddress, 4096, &written) == TINYNN_MEMORY_TOO_SMALL)
    #expect(tinynn_task_open(small.buffer.baseAddress, 4096, device.session, 2, 3, nil) == TINYNN_NOT_A_HANDLE)
  }

  /// Damaged files: the checksum finds every one; with it made right again, the other checks leave a status or a model that runs.
  @Test func damagedFilesAreRefused() throws {
    let good = try Device.encoderBytes()
    let handles = AlignedMemory(byteCount: tinynn_model_required_bytes())
    var (random, model) = (CounterRandom(seed: 5), OpaquePointer?.none)
    for round in 0..<40 {
      var bytes = good
      let position = 64 + random.next(below: round < 20 ? bytes.count - 64 : 16_384)
      bytes[position] ^= UInt8(1 << random.next(below: 8))
      let file = AlignedMemory(copying: bytes)
      var error = tinynn_error()
      let refused = tinynn_model_open(
        handles.buffer.baseAddress, handles.buffer.count, file.buffer.baseAddress, bytes.count, &model, &error)
      #expect(refused == TINYNN_FILE_WRONG_CHECKSUM && error.status == refused, "byte \(position): \(statusText(refused))")
      let sum = Checksum.ofFile(file.bytes)
      file.buffer.storeBytes(of: sum, toByteOffset: 24, as: UInt64.self)
      let status = tinynn_model_open(
        handles.buffer.baseAddress, handles.buffer.count, file.buffer.baseAddress, bytes.count, &model, &error)
      guard status == TINYNN_OK else {
        #expect(status <= TINYNN_ARENA_MISALIGNED, "byte \(position): \(statusText(status))")
        continue
      }
      var needed = 0
      try check(tinynn_session_required_bytes(model, &needed))
      let memory = AlignedMemory(byteCount: needed)
      var session: OpaquePointer?
      try check(tinynn_session_open(memory.buffer.baseAddress, needed, model, -1, &session))
      try check(tinynn_session_run(session))
    }
  }
}
