import CInterface
import CInterfaceHeader
import FuzzSupport
import TinyNN

/// Calls one function of tinynn.h after the other, as a program says, on what earlier calls made.
struct Caller {
  var program: Program
  /// Handles of all kinds, and a null pointer.
  private var handles: [OpaquePointer?] = [nil]
  /// The newest handle of each kind.
  var newest: [Kind: OpaquePointer] = [:]
  /// The file that the program begins with, and what was saved.
  private var files: [Block] = []
  /// All memory that was given away, until the end.
  private var blocks: [Block] = []

  enum Kind { case model, session, task, trainer }

  static let byteLimit = 1 << 20

  init(_ input: UnsafeBufferPointer<UInt8>) {
    program = Program(input)
    let file = Block(BaseFiles.encoder), damaged = Int(program.byte() % 4)
    for _ in 0..<damaged {
      let place = Int(program.word()) % file.bytes.count
      file.bytes[place] = program.byte()
    }
    if damaged > 0 { repair(file.bytes) }
    files.append(file)
    // What everything needs; the program may begin in another way, too.
    if program.byte() < 224 { openModel(exactly: true) }
  }

  // MARK: What calls are made of

  /// Most often the newest of its kind, else any.
  mutating func handle(_ kind: Kind) -> OpaquePointer? {
    let choice = Int(program.byte())
    return choice < 224 ? newest[kind] : handles[choice % handles.count]
  }

  /// Memory of exactly `count` bytes: null or misaligned now and then.
  mutating func memory(_ count: Int) -> UnsafeMutableRawPointer? {
    let choice = program.byte()
    guard choice < 255 else { return nil }
    let offset = choice > 247 ? Int(choice - 247) : 0
    let block = Block(byteCount: count + offset)
    blocks.append(block)
    return block.bytes.baseAddress! + offset
  }

  /// Calls with the place of a result; seldom with none.
  mutating func given<T>(_ result: inout T, _ call: (UnsafeMutablePointer<T>?) -> tinynn_status) -> tinynn_status {
    program.byte() < 250 ? withUnsafeMutablePointer(to: &result, call) : call(nil)
  }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in program.float() } }

  mutating func add(_ handle: OpaquePointer?, _ kind: Kind, _ status: tinynn_status) {
    check(status)
    guard status == TINYNN_OK else { return }
    precondition(handle != nil, "no handle, and no failure")
    handles.append(handle)
    newest[kind] = handle
  }

  /// Keeps what was saved, which must open.
  mutating func keep(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
    let file = Block(Array(UnsafeRawBufferPointer(start: buffer, count: count)))
    let memory = Block(byteCount: tinynn_model_required_bytes())
    var model: OpaquePointer?
    let status = tinynn_model_open(memory.bytes.baseAddress, memory.bytes.count, file.bytes.baseAddress, count, &model, nil)
    precondition(status == TINYNN_OK, "what was saved does not open: \(status)")
    if files.count < 8 { files.append(file) }
  }

  // MARK: Models

  mutating func openModel(exactly: Bool = false) {
    // A file of its own for each model, so that nothing that is done with one touches another.
    let file = Block(Array(files[exactly ? 0 : Int(program.byte()) % files.count].bytes))
    blocks.append(file)
    let count = exactly ? tinynn_model_required_bytes() : program.size(tinynn_model_required_bytes(), limit: 4096)
    let fileCount = exactly ? file.bytes.count : program.size(file.bytes.count, limit: file.bytes.count)
    var (model, error): (OpaquePointer?, tinynn_error) = (nil, tinynn_error())
    let status = tinynn_model_open(memory(count), count, file.bytes.baseAddress, fileCount, &model, &error)
    if status != TINYNN_OK { precondition(model == nil) }
    add(model, .model, status)
  }

  /// Of the newest model; 8 where there is none.
  mutating func dimension() -> Int {
    var info = tinynn_model_info()
    guard let model = newest[.model], tinynn_model_info_get(model, &info) == TINYNN_OK else { return 8 }
    return Int(info.dimension)
  }
}

/// A status that tinynn.h does not know is a fault.
func check(_ status: tinynn_status) {
  precondition(status >= 0 && String(cString: tinynn_status_text(status)!) != "unknown status", "status \(status)")
}
