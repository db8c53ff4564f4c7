import CoreMetrics
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: collects each request and sends its answer.
///
/// Loop-bound.
///
/// Requests are answered one at a time: the pipelining handler in front holds the next one back until the
/// answer to the last has ended.
final class HTTP1Handler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    /// Nobody writes through this handler.
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    /// The session, and the calls that requests ask for; it has no channel of its own.
    let connection: RPCConnection
    private var context: ChannelHandlerContext?
    private var exchange: HTTPExchange?
    private var keepsAlive = true
    private var isHead = false
    private var isReceiving = false
    private var hasSentHead = false
    private var isClosing = false
    private var holdsRead = false
    private var lastActivity = NIODeadline.uptimeNanoseconds(0)
    /// When the socket became full, while it is.
    private var pausedTime: NIODeadline?

    private var environment: RPCEnvironment { self.connection.environment }

    init(calls connection: RPCConnection) {
        self.connection = connection
    }

    /// Adds the HTTP/1.1 codec and `handler` to the end of a pipeline.
    static func install(in pipeline: ChannelPipeline.SynchronousOperations, _ handler: HTTP1Handler) throws {
        let limits = handler.environment.limits
        var configuration = NIOHTTPDecoderLimitConfiguration()
        configuration.maxHeaderFieldSize = limits.maxHeaderListBytes
        configuration.maxHeaderListSize = limits.maxHeaderListBytes
        let decoder = HTTPRequestDecoder(limitConfiguration: configuration)
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(handler)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.lastActivity = context.eventLoop.now
        self.connection.session?.connectionOpened(self.connection)
        self.schedule(context.eventLoop)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.tearDown()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.tearDown()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isClosing else { return }
        self.lastActivity = context.eventLoop.now
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.receiveHead(head, context)
        case .body(let bytes):
            self.environment.metrics.receivedBytes.increment(by: bytes.readableBytes)
            self.connection.receivedByteCount &+= bytes.readableBytes
            self.exchange?.receiveBody(bytes)
        case .end:
            self.isReceiving = false
            self.exchange?.receiveEnd()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.pausedTime = nil
            self.exchange?.becameWritable()
            if self.holdsRead {
                self.holdsRead = false
                context.read()
            }
        } else {
            self.pausedTime = context.eventLoop.now
        }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        // A peer that does not read its answers may not ask for more.
        if context.channel.isWritable {
            context.read()
        } else {
            self.holdsRead = true
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ConnectionCommand.drain(let status):
            self.connection.drainStatus = status
            self.keepsAlive = false
            self.connection.finishStreams(status)
            if self.exchange == nil { context.close(promise: nil) }
        case ConnectionCommand.cut(let reason):
            self.end(context, because: reason)
            self.tearDown()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, self.exchange == nil, !self.hasSentHead else {
            return context.close(promise: nil)
        }
        self.connection.end(because: .protocolError)
        let headers = HTTPHeaders([("connection", "close"), ("content-length", "0")])
        let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        self.close(context, after: .end(nil))
    }

    private func receiveHead(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.environment.metrics.httpRequests.increment()
        self.keepsAlive = head.isKeepAlive && self.connection.drainStatus == nil
        self.isHead = head.method == .HEAD
        self.isReceiving = true
        self.hasSentHead = false
        if self.connection.userAgent.isEmpty, let name = head.headers.first(name: "user-agent") {
            self.connection.userAgent = String(decoding: name.utf8.prefix(256), as: UTF8.self)
        }
        let request = HTTPRequest(
            method: head.method.rawValue,
            target: head.uri,
            headers: head.headers.map { ($0.name.lowercased(), $0.value) },
            body: ByteBuffer()
        )
        let exchange = HTTPExchange(
            request: request,
            transport: self,
            session: self.connection.session,
            bodyLimit: self.environment.limits.maxBodyBytes
        )
        if head.headers.contains(where: { $0.name.lowercased() == "expect" && $0.value == "100-continue" }) {
            let informational = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(self.wrapOutboundOut(.head(informational)), promise: nil)
        }
        self.exchange = exchange
        exchange.receiveHead()
    }

    // MARK: Time

    private func schedule(_ eventLoop: any EventLoop) {
        let delay = TimeAmount.nanoseconds(self.environment.limits.prefaceTimeout.nanoseconds)
        eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in self?.tick() }
    }

    private func tick() {
        guard let context = self.context, !self.connection.isClosing, !self.isClosing else { return }
        let limits = self.environment.limits
        if let pausedTime, (context.eventLoop.now - pausedTime).nanoseconds >= limits.stallTimeout.nanoseconds
        {
            return self.end(context, because: .stall)
        }
        let silence = (context.eventLoop.now - self.lastActivity).nanoseconds
        let isBodyAwaited = self.isReceiving && self.exchange?.handsBodyOn != true
        if isBodyAwaited, silence >= limits.prefaceTimeout.nanoseconds {
            return self.end(context, because: .prefaceTimeout)
        }
        if self.exchange == nil, silence >= limits.idleTimeout.nanoseconds {
            return self.end(context, because: .idle)
        }
        self.schedule(context.eventLoop)
    }

    /// Writes the last part of the last answer, then closes our side, and soon the channel.
    ///
    /// Closing both at once would answer bytes that still arrive with a reset, which may overtake the answer.
    private func close(_ context: ChannelHandlerContext, after part: HTTPServerResponsePart) {
        self.isClosing = true
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(part), promise: written)
        let limits = self.environment.limits
        let patience = context.channel.isWritable ? limits.drainDelay : limits.keepaliveTimeout
        context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(patience.nanoseconds)) {
            [weak self] in
            self?.context?.close(promise: nil)
        }
    }

    private func end(_ context: ChannelHandlerContext, because reason: RPCMetrics.Closure) {
        self.isClosing = true
        self.connection.end(because: reason)
        context.close(promise: nil)
    }

    private func tearDown() {
        self.exchange.take()?.transportClosed()
        self.connection.tearDown()
    }
}

extension HTTP1Handler: HTTPTransport {
    var eventLoop: any EventLoop {
        guard let context = self.context else { preconditionFailure("an exchange outlived its connection") }
        return context.eventLoop
    }

    var isTransportWritable: Bool { self.context?.channel.isWritable ?? false }

    func sendHead(status: Int, headers: [(name: String, value: String)], bodyByteCount: Int?) {
        guard let context = self.context else { return }
        // An answer before the request has ended leaves no way to tell where the next request begins.
        if self.isReceiving { self.keepsAlive = false }
        self.hasSentHead = true
        var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
        if let bodyByteCount { fields.replaceOrAdd(name: "content-length", value: String(bodyByteCount)) }
        if !self.keepsAlive { fields.replaceOrAdd(name: "connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: status),
            headers: fields
        )
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    }

    func sendBody(_ bytes: ByteBuffer) {
        self.environment.metrics.sentBytes.increment(by: bytes.readableBytes)
        self.connection.sentByteCount &+= bytes.readableBytes
        self.context?.write(self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
    }

    func sendEnd() {
        guard let context = self.context else { return }
        self.lastActivity = context.eventLoop.now
        let exchange = self.exchange.take()
        if self.keepsAlive {
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            self.close(context, after: .end(nil))
        }
        exchange?.transportClosed()
    }

    func flushTransport() { self.context?.flush() }
}
