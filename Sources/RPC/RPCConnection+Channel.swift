import CNghttp2
import CoreMetrics
import Logging
package import NIOCore

extension RPCConnection: ChannelDuplexHandler {
    /// Bytes from the socket, or from TLS.
    package typealias InboundIn = ByteBuffer
    /// Nobody writes through this handler.
    package typealias OutboundIn = Never
    /// Bytes for the socket, or for TLS.
    package typealias OutboundOut = ByteBuffer

    /// Starts the session if the channel is active already.
    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.start() }
    }

    /// Ends everything that the channel has not ended.
    package func handlerRemoved(context: ChannelHandlerContext) {
        // The context keeps this handler; keeping the context any longer would be a cycle.
        self.context = nil
        self.tearDown()
    }

    /// Starts the session.
    package func channelActive(context: ChannelHandlerContext) {
        self.start()
        context.fireChannelActive()
    }

    /// Closes all streams and the session.
    package func channelInactive(context: ChannelHandlerContext) {
        self.tearDown()
        context.fireChannelInactive()
    }

    /// Feeds the session; calls are dispatched from here.
    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = self.unwrapInboundIn(data)
        let byteCount = buffer.readableBytes
        guard let http2 = unsafe self.http2, !self.isClosing, byteCount > 0 else { return }
        self.environment.metrics.receivedBytes.increment(by: byteCount)
        self.receivedByteCount &+= byteCount
        self.hasReceivedSinceTick = true
        self.readTime = self.eventLoop.now
        self.depth += 1
        let result = unsafe buffer.withUnsafeReadableBytes { bytes in
            unsafe nghttp2_session_mem_recv(
                http2,
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                bytes.count
            )
        }
        // Before the buffer is left, and while streams can still be reset from here.
        self.keepLentBytes()
        self.depth -= 1
        if result < 0 { self.fail(code: result) }
        self.finishTearDown()
    }

    /// Writes what the calls of this read answered.
    package func channelReadComplete(context: ChannelHandlerContext) {
        self.pump()
        context.fireChannelReadComplete()
    }

    /// Goes on when the socket has drained.
    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.resumeAfterPause() }
        context.fireChannelWritabilityChanged()
    }

    /// Reads on, unless the peer does not read its answers.
    package func read(context: ChannelHandlerContext) {
        // A peer that does not read its answers may not ask for more.
        if self.isPaused {
            self.holdsRead = true
        } else {
            context.read()
        }
    }

    /// Takes the commands of the listener.
    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let command as ConnectionCommand:
            switch command {
            case .drain(let status): self.drain(status)
            case .cut(let reason):
                self.cut(because: reason)
                guard self.isClosing else { return }
                // It may have been waiting for the peer to close its side.
                context.close(promise: nil)
                self.finishTearDown(atOnce: true)
            }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Closes the channel; says why at debug level.
    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.environment.logger.debug(
            "connection failed",
            metadata: [
                "connection.id": "\(self.peer.connectionID)", "error": "\(error)",
            ]
        )
        context.close(promise: nil)
    }
}
