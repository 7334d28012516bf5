import FewShotHost
import Glibc
import HostRuntime
import ImageFiles

/// The interface below the page: Documentation/teach-page.md lists it. Everything may be called from any thread; what decodes
/// photos or reads files takes its time, so callers have a thread for it.
final class API: Sendable {
  private let teacher: Teacher
  private let access: Access

  /// Bytes of a photo that is sent.
  static let bodyLimit = 16 << 20
  /// How long a request waits for something new.
  private static let patience = 10_000

  init(_ teacher: Teacher, _ access: Access) {
    self.teacher = teacher
    self.access = access
  }

  /// Calls `reply` once, at once or when there is something new.
  func handle(_ request: Request, _ reply: @escaping @Sendable (Response) -> Void) {
    if let refusal = access.refusal(request) {
      let asksForToken = refusal.status == 401 && request.method == "GET" && request.path == "/"
      return reply(asksForToken ? Page.tokenForm : refusal)
    }
    if let welcome = access.welcome(request) { return reply(welcome) }
    switch (request.method, request.path) {
    case ("GET", "/api/board"): board(request, reply)
    case ("GET", "/api/frame"): frame(request, reply)
    default:
      do { reply(try answer(request)) } catch { reply(Self.refusal(error)) }
    }
  }

  /// Called again and again, so that what waits is answered in time.
  func expire() {
    teacher.bell.expire()
    teacher.camera?.bell.expire()
  }

  // MARK: What waits

  private func board(_ request: Request, _ reply: @escaping @Sendable (Response) -> Void) {
    guard let after = request.value("after") else { return reply(.json(BoardJSON.of(teacher))) }
    guard let known = Int(after) else { return reply(.refusal(400, "'after' is a number")) }
    teacher.bell.wait(milliseconds: Self.patience) {
      teacher.revision != known
    } _: { [teacher] in
      reply(.json(BoardJSON.of(teacher)))
    }
  }

  private func frame(_ request: Request, _ reply: @escaping @Sendable (Response) -> Void) {
    guard let camera = teacher.camera else {
      return reply(.refusal(404, "there is no camera; start edgessl serve with a SOURCE"))
    }
    guard let known = Int(request.value("after") ?? "0") else { return reply(.refusal(400, "'after' is a number")) }
    camera.frame(after: known, waiting: Self.patience) { frame in
      guard let frame else {
        let problem = camera.problem.map { JSON.string($0) } ?? .null
        return reply(Response(status: 204, headers: [("Edgessl-Answer", (["problem": problem] as JSON).asciiText)]))
      }
      reply(
        Response(
          status: 200, type: Page.imageType(frame.bytes),
          headers: [("Edgessl-Frame", "\(frame.number)"), ("Edgessl-Answer", BoardJSON.of(frame).asciiText)], body: frame.bytes))
    }
  }

  // MARK: What is answered at once

  private func answer(_ request: Request) throws -> Response {
    switch (request.method, request.path) {
    case ("GET", let path) where Page.files[path] != nil: return Page.files[path]!
    case ("GET", "/api/task"): return try task()
    case ("GET", "/api/photo"): return try photo(request, isThumbnail: false)
    case ("GET", "/api/thumbnail"): return try photo(request, isThumbnail: true)
    case ("POST", "/api/classify"): return try classify(request)
    case ("POST", "/api/photos"): return try addPhoto(request.body, request)
    case ("POST", "/api/frames"): return try addFrame(request)
    case ("POST", "/api/move"): return try move(request)
    case ("POST", "/api/remove"): return try remove(request)
    case ("POST", "/api/classes"): return try addClass(request)
    case ("POST", "/api/rename"): return try rename(request)
    case ("POST", "/api/undo"):
      try teacher.undo()
      return .json(BoardJSON.of(teacher))
    case ("POST", "/api/forget"):
      try teacher.forget()
      return .json(BoardJSON.of(teacher))
    case ("POST", "/api/learn"): return begin(.learn(takesUnsorted: request.value("unsorted") == "1"))
    case ("POST", "/api/review"): return begin(.review)
    case ("POST", "/api/suggest"):
      guard let count = Int(request.value("count") ?? "12"), 1...200 ~= count else {
        return .refusal(400, "'count' is a number from 1 to 200")
      }
      return begin(.suggest(count: count))
    case ("GET", _), ("POST", _): return .refusal(404, "there is nothing at this address")
    default: return .refusal(405, "only GET and POST are understood")
    }
  }

  private func task() throws -> Response {
    guard let file = teacher.taskFile else { throw Refusal(404, "nothing has been learned yet") }
    return Response(
      status: 200, type: "application/octet-stream", headers: [("Content-Disposition", "attachment; filename=\"task.tnn\"")],
      body: file)
  }

  private func photo(_ request: Request, isThumbnail: Bool) throws -> Response {
    let bytes = try teacher.file(of: try photos(request, exactly: 1)[0], isThumbnail: isThumbnail)
    // The name is a checksum of what it names.
    return Response(
      status: 200, type: Page.imageType(bytes), headers: [("Cache-Control", "private, max-age=31536000, immutable")], body: bytes)
  }

  private func classify(_ request: Request) throws -> Response {
    try requireBody(request)
    guard let (answer, milliseconds) = try teacher.classify(request.body) else {
      throw Refusal(409, "nothing has been learned yet")
    }
    return .json(BoardJSON.of(answer, milliseconds))
  }

  private func addPhoto(_ bytes: [UInt8], _ request: Request) throws -> Response {
    try requireBody(request)
    let (photo, isNew) = try teacher.add(bytes, to: try className(request))
    return .json(["photo": .string(PhotoIdentifier.text(photo)), "new": .bool(isNew), "revision": .integer(teacher.revision)])
  }

  private func addFrame(_ request: Request) throws -> Response {
    guard let camera = teacher.camera else { throw Refusal(404, "there is no camera; start edgessl serve with a SOURCE") }
    guard let frame = camera.newest else {
      throw Refusal(409, "there is no frame yet\(camera.problem.map { ": \($0)" } ?? "")")
    }
    let (photo, isNew) = try teacher.add(frame.bytes, to: try className(request))
    return .json(["photo": .string(PhotoIdentifier.text(photo)), "new": .bool(isNew), "frame": .integer(frame.number)])
  }

  private func move(_ request: Request) throws -> Response {
    let photos = try photos(request), name = try className(request)
    try teacher.change("moving \(Self.count(photos)) to \(name ?? "the unsorted ones")") { board throws(BoardError) in
      for photo in photos where !board.contains(photo) { throw .noSuchPhoto }
      try board.put(photos, into: name)
    }
    return .json(BoardJSON.of(teacher))
  }

  private func remove(_ request: Request) throws -> Response {
    if let name = request.value("class") {
      try teacher.change("removing \(name)") { board throws(BoardError) in try board.removeClass(name) }
    } else {
      let photos = try photos(request)
      try teacher.change("removing \(Self.count(photos))") { board throws(BoardError) in try board.remove(photos) }
    }
    return .json(BoardJSON.of(teacher))
  }

  private func addClass(_ request: Request) throws -> Response {
    guard let name = request.value("class") else { throw Refusal(400, "'class' is missing: the new class's name") }
    try teacher.change("adding \(name)") { board throws(BoardError) in try board.addClass(name) }
    return .json(BoardJSON.of(teacher))
  }

  private func rename(_ request: Request) throws -> Response {
    guard let old = request.value("class"), let new = request.value("to") else {
      throw Refusal(400, "'class' or 'to' is missing: the old and the new name")
    }
    try teacher.change("renaming \(old)") { board throws(BoardError) in try board.rename(old, to: new) }
    return .json(BoardJSON.of(teacher))
  }

  private func begin(_ order: Teacher.Order) -> Response {
    guard let work = teacher.begin(order) else { return .refusal(409, "other work is going on; wait until it is done") }
    return .json(["work": work.json], status: 202)
  }

  // MARK: Parameters

  /// Nil for photos that have none.
  private func className(_ request: Request) throws -> String? {
    if let name = request.value("class") { return name }
    // Of a name that is no UTF-8 the photo would have no class.
    guard request.target.contains("class=") else { return nil }
    throw Refusal(400, "'class' is not written in UTF-8")
  }

  private func photos(_ request: Request, exactly wanted: Int? = nil) throws -> [UInt64] {
    let values = request.values("photo"), photos = values.compactMap(PhotoIdentifier.parse)
    guard !photos.isEmpty, photos.count == values.count, wanted == nil || photos.count == wanted else {
      throw Refusal(400, "'photo' is 16 hexadecimal digits, as the board lists them")
    }
    var seen: Set<UInt64> = []
    return photos.filter { seen.insert($0).inserted }
  }

  private func requireBody(_ request: Request) throws {
    guard !request.body.isEmpty, !request.isForm else { throw Refusal(400, "the request has no body: send the photo's file") }
  }

  private static func count(_ photos: [UInt64]) -> String { photos.count == 1 ? "a photo" : "\(photos.count) photos" }

  // MARK: Errors

  private struct Refusal: Error {
    let status: Int
    let sentence: String
    init(_ status: Int, _ sentence: String) {
      self.status = status
      self.sentence = sentence
    }
  }

  private static func refusal(_ error: any Error) -> Response {
    let status =
      switch error {
      case let error as Refusal: error.status
      case let error as ImageFileError:
        switch error.reason {
        case .tooLarge: 413
        case .outOfMemory: 503
        default: 415
        }
      case is PhotoEncoderError: 422
      case BoardError.noSuchClass, BoardError.noSuchPhoto: 404
      case BoardError.badName: 400
      case is BoardError: 409
      case let error as FileError where error.code == ENOSPC: 507
      default: 500
      }
    return .refusal(status, (error as? Refusal)?.sentence ?? Sentence.of(error))
  }
}
