import CInterfaceHeader
import FewShot
import TinyNN

/// What every handle's memory begins with.
///
/// The word tells handles from other memory, and one kind from another.
struct HandleWord<State: ~Copyable & Handle>: ~Copyable {
  private let low: UInt32
  private let high: UInt32
  var state: State

  init(_ state: consuming State) {
    low = State.word
    high = ~State.word
    self.state = state
  }

  var isValid: Bool { low == State.word && high == ~State.word }
}

protocol Handle: ~Copyable {
  /// Four letters.
  static var word: UInt32 { get }
}

struct ModelState: Handle {
  static var word: UInt32 { 0x4C44_4F4D }  // MODL

  let model: Model
  let photos: Photos
  let plan: InferencePlan
}

/// How photos become the network's input, or why they cannot.
struct Photos {
  let preprocessing: Preprocessing?
  let status: tinynn_status

  init(_ model: Model) {
    do {
      preprocessing = try model.preprocessing()
      status = code(preprocessing == nil ? TINYNN_NO_PREPROCESSING : TINYNN_OK)
    } catch {
      preprocessing = nil
      status = error.status
    }
  }
}

struct SessionState: ~Copyable, Handle {
  static var word: UInt32 { 0x5353_4553 }  // SESS

  var session: Session
  let photos: Photos
}

struct TaskState: ~Copyable, Handle {
  static var word: UInt32 { 0x4B53_4154 }  // TASK

  var task: DeviceTask
}

struct TrainerState: ~Copyable, Handle {
  static var word: UInt32 { 0x4E52_4154 }  // TARN

  var session: TrainingSession
  var hasRunForward: Bool

  func hasSlot(_ slot: Int32) -> Bool { slot >= 0 && Int(slot) < session.plan.options.batch }
}

/// Bytes of a handle, up to where the memory that it manages may begin.
func handleByteCount<State: ~Copyable & Handle>(_ type: State.Type) -> Int {
  Format.aligned(MemoryLayout<HandleWord<State>>.size)
}

func isAligned(_ pointer: UnsafeRawPointer) -> Bool {
  UInt(bitPattern: pointer) % UInt(Format.alignment) == 0
}

/// Gives `body` the state of a handle to read. A failure of the handle or of `body` is the status.
///
/// Unsafe: nobody may write to the handle's memory meanwhile.
@unsafe
func withState<State: ~Copyable & Handle, Failure: Refusal>(
  of handle: OpaquePointer?, _ type: State.Type, _ body: (borrowing State) throws(Failure) -> tinynn_status
) -> tinynn_status {
  var status = code(TINYNN_OK)
  guard let pointer = unsafe opened(handle, type, &status) else { return status }
  do { return try body(unsafe pointer.pointee.state) } catch { return error.status }
}

/// Gives `body` the state of a handle to change. A failure of the handle or of `body` is the status.
///
/// Unsafe: nobody else may use the handle's memory meanwhile.
@unsafe
func withMutableState<State: ~Copyable & Handle, Failure: Refusal>(
  of handle: OpaquePointer?, _ type: State.Type, _ body: (inout State) throws(Failure) -> tinynn_status
) -> tinynn_status {
  var status = code(TINYNN_OK)
  guard let pointer = unsafe opened(handle, type, &status) else { return status }
  do { return try unsafe body(&pointer.pointee.state) } catch { return error.status }
}

/// Where the state of a handle is, or nil with the reason.
@unsafe
private func opened<State: ~Copyable & Handle>(
  _ handle: OpaquePointer?, _ type: State.Type, _ status: inout tinynn_status
) -> UnsafeMutablePointer<HandleWord<State>>? {
  guard let handle = unsafe handle else {
    status = code(TINYNN_NULL_POINTER)
    return nil
  }
  let memory = unsafe UnsafeMutableRawPointer(handle)
  guard unsafe isAligned(memory) else {
    status = code(TINYNN_MISALIGNED)
    return nil
  }
  let pointer = unsafe memory.assumingMemoryBound(to: HandleWord<State>.self)
  guard unsafe pointer.pointee.isValid else {
    status = code(TINYNN_NOT_A_HANDLE)
    return nil
  }
  return unsafe pointer
}

/// Puts a state into the caller's memory, of which the size was checked.
@unsafe
func place<State: ~Copyable & Handle>(_ state: consuming State, at memory: UnsafeMutableRawPointer) -> OpaquePointer {
  let pointer = unsafe memory.bindMemory(to: HandleWord<State>.self, capacity: 1)
  unsafe pointer.initialize(to: HandleWord(state))
  return OpaquePointer(memory)
}

/// Checks memory for a handle of `needed` bytes.
@unsafe
func check(_ memory: UnsafeMutableRawPointer?, _ byteCount: Int, needed: Int) -> tinynn_status {
  guard let memory = unsafe memory else { return code(TINYNN_NULL_POINTER) }
  guard unsafe isAligned(memory) else { return code(TINYNN_MISALIGNED) }
  // Sizes beyond half of the address space arrive as negative ones.
  guard byteCount < 0 || byteCount >= needed else { return code(TINYNN_MEMORY_TOO_SMALL) }
  return code(TINYNN_OK)
}
