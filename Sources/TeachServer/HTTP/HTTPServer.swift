import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves the interface over HTTP/1.1: one thread for the network, one on which the interface decodes and writes.
final class HTTPServer: Sendable {
  let address: SocketAddress
  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel
  private let workers: NIOThreadPool

  /// Listens.
  /// - Parameter host: an address in numbers.
  /// - Throws: `IOError` or `SocketAddressError`.
  init(_ api: API, host: String, port: Int) throws {
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    workers = NIOThreadPool(numberOfThreads: 1)
    let (workers, limits) = (workers, HTTPLimits())
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
          try channel.pipeline.syncOperations.addHandler(HTTPHandler(api, workers, limits))
        }
      }
    do {
      channel = try bootstrap.bind(to: SocketAddress(ipAddress: host, port: port)).wait()
    } catch {
      try? group.syncShutdownGracefully()
      throw error
    }
    address = channel.localAddress!
    workers.start()
    group.next().scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in api.expire() }
  }

  func stop() {
    try? channel.close().wait()
    try? group.syncShutdownGracefully()
    try? workers.syncShutdownGracefully()
  }
}

/// What all connections take together. Used on the network's thread only.
final class HTTPLimits: @unchecked Sendable {
  static let connectionLimit = 64
  /// Bytes of bodies that are being read.
  static let bodyLimit = 4 * API.bodyLimit
  /// Seconds that a request may take to come, and an answer to go.
  static let patience = TimeAmount.seconds(120)

  fileprivate(set) var connections = 0
  fileprivate(set) var bodyBytes = 0
}

/// One connection: collects a request, has it answered, and writes the answer.
private final class HTTPHandler: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let api: API
  private let workers: NIOThreadPool
  private let limits: HTTPLimits
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var timer: Scheduled<Void>?

  init(_ api: API, _ workers: NIOThreadPool, _ limits: HTTPLimits) {
    self.api = api
    self.workers = workers
    self.limits = limits
  }

  func channelActive(context: ChannelHandlerContext) {
    limits.connections += 1
    if limits.connections > HTTPLimits.connectionLimit { context.close(promise: nil) } else { restartTimer(context) }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    limits.connections -= 1
    timer?.cancel()
    dropBody()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
      guard length <= API.bodyLimit else { return refuse(.tooLarge, head, context) }
      self.head = head
    case .body(let part):
      guard let head else { return }
      guard body.count + part.readableBytes <= API.bodyLimit else { return refuse(.tooLarge, head, context) }
      guard limits.bodyBytes + part.readableBytes <= HTTPLimits.bodyLimit else { return refuse(.busy, head, context) }
      limits.bodyBytes += part.readableBytes
      part.withUnsafeReadableBytes { body.append(contentsOf: $0) }
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context)
    }
  }

  // MARK: Answers

  private enum Refused {
    case tooLarge, busy

    var response: Response {
      switch self {
      case .tooLarge: .refusal(413, "a photo has at most \(API.bodyLimit >> 20) MB; make it smaller")
      case .busy: .refusal(503, "too many photos are coming in at once; try again")
      }
    }
  }

  /// Answers before the request is complete; the connection ends with it.
  private func refuse(_ reason: Refused, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    self.head = nil
    dropBody()
    write(reason.response, to: head, isLast: true, context)
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var headers: [String: String] = [:]
    for (name, value) in head.headers where headers[name.lowercased()] == nil { headers[name.lowercased()] = value }
    let request = Request(method: head.method.rawValue, target: head.uri, headers: headers, body: body)
    let count = body.count
    body = []
    restartTimer(context)
    let loop = context.eventLoop, held = NIOLoopBound(context, eventLoop: loop)
    workers.submit { [api] state in
      guard state == .active else { return }
      api.handle(request) { response in
        loop.execute {
          self.limits.bodyBytes -= count
          guard held.value.channel.isActive else { return }
          self.write(response, to: head, isLast: !head.isKeepAlive, held.value)
        }
      }
    }
  }

  private func write(_ response: Response, to request: HTTPRequestHead, isLast: Bool, _ context: ChannelHandlerContext) {
    var headers = HTTPHeaders()
    for (name, value) in Page.headers + response.headers { headers.add(name: name, value: value) }
    if response.status != 204 {
      headers.add(name: "Content-Type", value: response.type)
      headers.add(name: "Content-Length", value: "\(response.body.count)")
    }
    if headers["Cache-Control"].isEmpty { headers.add(name: "Cache-Control", value: "no-store") }
    if isLast { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !response.body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil) }
    let held = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if isLast { held.value.close(promise: nil) } else { self.restartTimer(held.value) }
    }
  }

  private func dropBody() {
    limits.bodyBytes -= body.count
    body = []
  }

  private func restartTimer(_ context: ChannelHandlerContext) {
    timer?.cancel()
    let held = NIOLoopBound(context, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: HTTPLimits.patience) { held.value.close(promise: nil) }
  }
}
