import NIOCore
import NIOPosix

/// A TCP client that sends text and keeps what comes back until the connection ends.
struct RawClient: Sendable {
    let channel: any Channel
    private let received: EventLoopFuture<String>

    static func connect(to address: SocketAddress, autoRead: Bool = true) async throws -> RawClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: String.self)
        do {
            let channel = try await ClientBootstrap(group: loop)
                .channelOption(.autoRead, value: autoRead)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Collector(promise))
                    }
                }
                .connect(to: address)
                .get()
            return RawClient(channel: channel, received: promise.futureResult)
        } catch {
            promise.fail(error)
            throw error
        }
    }

    /// Sends text; an error of a connection that the server closed is seen by ``everything()``.
    func send(_ text: String) {
        self.channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    /// What was received, once the server closed the connection.
    func everything() async throws -> String {
        try await self.received.get()
    }

    func close() async {
        try? await self.channel.close().get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let promise: EventLoopPromise<String>
        private var received = ByteBuffer()

        init(_ promise: EventLoopPromise<String>) {
            self.promise = promise
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = self.unwrapInboundIn(data)
            self.received.writeBuffer(&bytes)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            // A reset is one of the ways in which a server ends a connection.
            context.close(promise: nil)
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            self.promise.succeed(String(buffer: self.received))
        }
    }
}
