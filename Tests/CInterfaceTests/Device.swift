import CInterface
import CInterfaceHeader
import HostRuntime
import TestSupport

/// The shipped encoder through tinynn.h.
final class Device {
  let file: AlignedMemory
  let fileByteCount: Int
  let model: OpaquePointer
  let session: OpaquePointer
  let task: OpaquePointer
  private var memories: [AlignedMemory] = []

  static let encoder = TestFolders.package.appending(path: "models/edge-s/edge-s.tnn").path

  init(_ bytes: [UInt8], classes: Int32 = 8, examples: Int32 = 32) throws {
    file = AlignedMemory(copying: bytes)
    fileByteCount = bytes.count
    let opened = AlignedMemory(byteCount: tinynn_model_required_bytes())
    var model: OpaquePointer?
    try check(tinynn_model_open(opened.buffer.baseAddress, opened.buffer.count, file.buffer.baseAddress, bytes.count, &model, nil))
    self.model = model!
    var needed = 0
    try check(tinynn_session_required_bytes(model, &needed))
    let sessionMemory = AlignedMemory(byteCount: needed)
    var session: OpaquePointer?
    try check(tinynn_session_open(sessionMemory.buffer.baseAddress, needed, model, Int32(TINYNN_KERNELS_BEST), &session))
    self.session = session!
    try check(tinynn_task_required_bytes(model, classes, examples, &needed))
    let taskMemory = AlignedMemory(byteCount: needed)
    var task: OpaquePointer?
    try check(tinynn_task_open(taskMemory.buffer.baseAddress, needed, model, classes, examples, &task))
    self.task = task!
    memories = [opened, sessionMemory, taskMemory]
  }

  convenience init() throws { try self.init(Device.encoderBytes()) }

  static func encoderBytes() throws -> [UInt8] {
    let file = try MappedFile(encoder)
    return withExtendedLifetime(file) { (0..<file.bytes.count).map { file.bytes.load(UInt8.self, at: $0) } }
  }

  var dimension: Int {
    var info = tinynn_model_info()
    return tinynn_model_info_get(model, &info) == 0 ? Int(info.dimension) : 0
  }

  func savedTask() throws -> [UInt8] {
    var count = 0, written = 0
    try check(tinynn_task_file_bytes(task, &count))
    let buffer = AlignedMemory(byteCount: count)
    try check(tinynn_task_save(task, buffer.buffer.baseAddress, count, &written))
    return Array(buffer.buffer[0..<written])
  }

  func classify(_ embedding: [Float]) throws -> tinynn_prediction {
    var prediction = tinynn_prediction()
    try check(tinynn_task_classify(task, embedding, embedding.count, &prediction))
    return prediction
  }
}

struct StatusError: Error, CustomStringConvertible {
  let status: tinynn_status
  var description: String { statusText(status) }
}

func statusText(_ status: tinynn_status) -> String { "\(status): \(String(cString: tinynn_status_text(status)!))" }

func check(_ status: tinynn_status) throws {
  guard status == tinynn_status(TINYNN_OK) else { throw StatusError(status: status) }
}
