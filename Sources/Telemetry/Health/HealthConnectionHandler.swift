import NIOCore
import NIOHTTP1

/// One connection of the health listener.
///
/// Bound to its event loop.
final class HealthConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let routes: HealthRoutes
    private let metrics: HealthMetrics
    private let limits: HealthListener.Limits
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    private var deadline: Scheduled<Void>?

    init(routes: HealthRoutes, metrics: HealthMetrics, limits: HealthListener.Limits) {
        self.routes = routes
        self.metrics = metrics
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.restartDeadline(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.bodyBytes = 0
        case .body(let bytes):
            // Nobody has a reason to send one: it is thrown away, and a long one ends the connection.
            self.bodyBytes += bytes.readableBytes
            if self.bodyBytes > self.limits.requestBytes { context.close(promise: nil) }
        case .end:
            if let head = self.head.take() { self.answer(head, context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The HTTP handlers before this one have answered what can be answered.
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let isTargetTooLong = head.uri.utf8.count > self.limits.requestBytes
        let response =
            isTargetTooLong
            ? HealthResponse(.uriTooLong, "URI Too Long\n") : self.routes.response(to: head.method, head.uri)
        let isKeptAlive = head.isKeepAlive && self.bodyBytes == 0

        var headers = HTTPHeaders([
            ("content-type", response.contentType),
            ("content-length", String(response.body.readableBytes)),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ])
        if response.status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
        if !isKeptAlive {
            headers.add(name: "connection", value: "close")
        } else if head.version == .http1_0 {
            headers.add(name: "connection", value: "keep-alive")
        }
        let responseHead = HTTPResponseHead(version: head.version, status: response.status, headers: headers)
        context.write(self.wrapOutboundOut(.head(responseHead)), promise: nil)
        if head.method != .HEAD {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
        }
        let isWritten = context.eventLoop.makePromise(of: Void.self)
        isWritten.futureResult.assumeIsolated().whenComplete { result in
            // The next request has its own time; an answer that is never taken has not.
            if case .success = result, isKeptAlive {
                self.restartDeadline(context)
            } else {
                context.close(promise: nil)
            }
        }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: isWritten)
    }

    private func restartDeadline(_ context: ChannelHandlerContext) {
        self.deadline?.cancel()
        let channel = context.channel
        let timeouts = self.metrics.timeouts
        self.deadline = context.eventLoop.scheduleTask(in: self.limits.idleTimeout) {
            timeouts.increment(by: 1)
            channel.close(promise: nil)
        }
    }
}
