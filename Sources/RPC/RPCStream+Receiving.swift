import CoreMetrics
import NIOCore

extension RPCStream {
    /// Whether the client has to wait before it may send more: it does not read what we answer.
    var withholdsWindow: Bool { self.isOverWatermark && !self.isEnded }

    /// Takes the bytes of a DATA frame, or a part of one.
    ///
    /// They are valid only during the call.
    func receiveData(_ bytes: UnsafeRawBufferPointer, isLastFrame: Bool) {
        guard !self.isEnded else { return }
        switch self.purpose {
        case .unary, .stream: unsafe self.receiveMessages(bytes, isLastFrame: isLastFrame)
        case .http:
            var part = ByteBuffer()
            unsafe part.writeBytes(bytes)
            self.exchange?.receiveBody(part)
            self.checkPartialBytes()
        case .refused: break
        }
    }

    /// Notes that the client will send no more.
    func receiveEnd() {
        self.isRemoteClosed = true
        guard !self.isEnded else { return }
        switch self.purpose {
        case .unary(let method):
            self.dispatchUnary(method)
        case .stream:
            if self.deframer.isInsideMessage {
                self.fail(.internal, "unexpected EOF")
            } else {
                self.handler?.receiveEnd()
            }
        case .http:
            self.exchange?.receiveEnd()
            self.checkPartialBytes()
        case .refused:
            break
        }
    }

    private func receiveMessages(_ bytes: UnsafeRawBufferPointer, isLastFrame: Bool) {
        let chunk = unsafe bytes.bytes
        let limit = self.connection.environment.limits.maxMessageBytes
        var offset = 0
        while !self.isEnded {
            switch self.deframer.next(in: chunk, from: &offset, limit: limit) {
            case .needsMore:
                return self.checkPartialBytes()
            case .message(let range):
                if let handler = self.handler {
                    handler.receive(chunk.extracting(range))
                } else {
                    unsafe self.receiveUnary(UnsafeRawBufferPointer(rebasing: bytes[range]), isLastFrame)
                }
            case .collected(let message):
                if let handler = self.handler {
                    handler.receive(message.readableBytesSpan)
                } else {
                    self.receiveUnary(message)
                }
            case .tooLarge(let byteCount):
                let sizes = "(\(byteCount) vs. \(limit))"
                self.fail(.resourceExhausted, "grpc: received message larger than max " + sizes)
            case .compressed:
                self.fail(.unimplemented, "grpc: compressed messages are not supported")
            case .malformed:
                self.fail(.internal, "grpc: received an unexpected payload format")
            }
        }
    }

    /// Keeps a unary call's message until the client has ended the request.
    private func receiveUnary(_ bytes: UnsafeRawBufferPointer, _ isLastFrame: Bool) {
        self.messageCount += 1
        guard self.messageCount == 1 else { return self.rejectMessageCount() }
        if isLastFrame {
            // The end follows in the same read, so the bytes need not be copied.
            unsafe self.connection.lend(bytes, to: self)
        } else {
            unsafe self.keep(bytes)
        }
    }

    private func receiveUnary(_ message: ByteBuffer) {
        self.messageCount += 1
        guard self.messageCount == 1 else { return self.rejectMessageCount() }
        self.unaryMessage = message
    }

    /// Copies a message whose bytes are about to become invalid.
    func keep(_ bytes: UnsafeRawBufferPointer) {
        var buffer = ByteBuffer()
        unsafe buffer.writeBytes(bytes)
        self.unaryMessage = buffer
        self.checkPartialBytes()
    }

    private func dispatchUnary(_ method: Int) {
        guard self.messageCount == 1, !self.deframer.isInsideMessage else { return self.rejectMessageCount() }
        let connection = self.connection
        guard let session = connection.session else { return }
        if let lent = unsafe connection.takeLent(by: self) {
            unsafe session.callUnary(method, on: self, message: lent.bytes)
        } else if let message = self.unaryMessage.take() {
            session.callUnary(method, on: self, message: message.readableBytesSpan)
            self.checkPartialBytes()
        }
        if !self.isEnded, let deadline = self.deadline { connection.arm(deadline) }
    }

    private func rejectMessageCount() {
        if self.deframer.isInsideMessage {
            self.fail(.internal, "unexpected EOF")
        } else {
            self.fail(.internal, "grpc: a unary call has exactly one request message")
        }
    }

    private func fail(_ code: RPCCode, _ message: String) {
        self.finish(RPCStatus(code: code, message: message))
    }

    /// Updates the connection's account of incomplete requests, and ends this call if it is overdrawn.
    private func checkPartialBytes() {
        var kept = self.deframer.keptByteCount + (self.unaryMessage?.readableBytes ?? 0)
        if let exchange = self.exchange { kept += exchange.bodyByteCount }
        self.connection.partialByteCount += kept - self.partialByteCount
        self.partialByteCount = kept
        let limits = self.connection.environment.limits
        guard kept > 0, self.connection.partialByteCount > limits.maxPartialBytes else { return }
        self.connection.environment.metrics.limitedCalls.increment()
        self.dropRequest()
        if let exchange = self.exchange {
            exchange.refuse(status: 503, "too many bytes of incomplete requests on one connection\n")
        } else {
            self.fail(.resourceExhausted, "grpc: too many bytes of incomplete requests on one connection")
        }
    }

    private func dropRequest() {
        self.deframer = MessageDeframer()
        self.unaryMessage = nil
        self.connection.partialByteCount -= self.partialByteCount
        self.partialByteCount = 0
    }

    /// Gives the client its window back once our answers drain.
    func returnWithheldBytes() {
        guard self.withheldByteCount > 0, !self.isClosed, !self.connection.isClosing else { return }
        self.connection.consume(self.withheldByteCount, of: self.id)
        self.withheldByteCount = 0
    }

    /// Ends the call because its connection or stream is gone, or was never more than that.
    ///
    /// Exactly once.
    func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.awaitsWritable = false
        if !self.isFinished { self.recordOutcome(.cancelled) }
        self.connection.queuedByteCount -= self.queue.byteCount
        self.queue.removeAll()
        self.dropRequest()
        // Taken out first: the handler holds this stream, and may ask it things while it is told.
        if case .stream = self.purpose { self.connection.environment.metrics.openStreams.decrement() }
        self.relay = nil
        self.handler.take()?.streamClosed()
        self.exchange.take()?.transportClosed()
    }
}
