import CNghttp2
import CoreMetrics
import Logging
package import NIOCore

extension RPCConnection: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = Never
    package typealias OutboundOut = ByteBuffer

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.start() }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        // The context keeps this handler; keeping the context any longer would be a cycle.
        self.context = nil
        self.tearDown()
    }

    package func channelActive(context: ChannelHandlerContext) {
        self.start()
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.tearDown()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = self.unwrapInboundIn(data)
        let byteCount = buffer.readableBytes
        guard let http2 = unsafe self.http2, !self.isClosing, byteCount > 0 else { return }
        self.environment.metrics.receivedBytes.increment(by: byteCount)
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

    package func channelReadComplete(context: ChannelHandlerContext) {
        self.pump()
        context.fireChannelReadComplete()
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.resumeAfterPause() }
        context.fireChannelWritabilityChanged()
    }

    package func read(context: ChannelHandlerContext) {
        // A peer that does not read its answers may not ask for more.
        if self.isPaused {
            self.holdsRead = true
        } else {
            context.read()
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let command as ConnectionCommand:
            switch command {
            case .drain(let status): self.drain(status)
            case .cut: self.cut()
            }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

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
