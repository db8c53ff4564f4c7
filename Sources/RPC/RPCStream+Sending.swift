import CNghttp2
package import NIOCore

extension RPCStream {
    /// What the next DATA frame of a stream can hold.
    enum NextData {
        case wait
        case some(Int)
        case last(Int)
        case lastBeforeTrailers(Int)
    }

    /// Sends one message.
    ///
    /// Small messages are copied, large ones kept by reference until they are written.
    package func send(_ message: ByteBuffer) {
        guard !self.isEnded else { return }
        if let relay { return relay.relay(message) }
        self.enqueue(messageByteCount: message.readableBytes)
        self.queue.append(message)
        self.submitOrResume()
    }

    /// Sends one message that consists of `head` followed by `shared`.
    ///
    /// `head` is copied, so its owner may clear and reuse it; `shared` may be sent on any number of streams
    /// and is kept by reference until it is written.
    package func send(head: ByteBuffer, shared: ByteBuffer) {
        guard !self.isEnded else { return }
        if let relay {
            var message = head
            message.writeImmutableBuffer(shared)
            return relay.relay(message)
        }
        self.enqueue(messageByteCount: head.readableBytes + shared.readableBytes)
        self.queue.append(copying: head)
        self.queue.append(shared)
        self.submitOrResume()
    }

    /// Sends one message and ends the call with success.
    package func respond(_ message: ByteBuffer) {
        guard !self.isEnded else { return }
        if let relay {
            relay.relay(message)
            return self.finish(.ok)
        }
        self.enqueue(messageByteCount: message.readableBytes)
        self.queue.append(message)
        self.end(.ok)
        self.submitOrResume()
    }

    /// Sends one message of exactly `byteCount` bytes, which `body` writes, and ends the call with success.
    ///
    /// `body` is called once, before this function returns, with memory that is not initialised.
    package func respond(byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard !self.isEnded else { return }
        if self.relay != nil {
            var message = ByteBuffer()
            unsafe message.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { memory in
                unsafe body(UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount]))
                return byteCount
            }
            return self.respond(message)
        }
        self.connection.queuedByteCount += byteCount + 5
        unsafe self.queue.appendMessage(byteCount: byteCount, body)
        self.updateWatermark()
        self.end(.ok)
        self.submitOrResume()
    }

    /// Ends the call.
    ///
    /// Messages sent before still arrive; a call without any is answered by trailers alone.
    package func finish(_ status: RPCStatus) {
        guard !self.isEnded else { return }
        self.end(status)
        if let relay { return relay.relayEnd(status) }
        if self.hasResponded {
            self.resume()
        } else {
            self.hasResponded = true
            self.submitTrailersOnly(httpStatus: "200")
        }
    }

    /// Gives this stream a larger (`true`) or the usual share of the connection.
    ///
    /// Streams share a connection by weight, frame by frame, so a large answer delays an urgent stream by a
    /// frame or two, and an urgent stream never starves the others.
    package func setPriority(urgent: Bool) {
        guard !self.isClosed, self.relay == nil, let http2 = unsafe self.connection.http2 else { return }
        var priority = nghttp2_priority_spec()
        let weight: Int32 = urgent ? NGHTTP2_MAX_WEIGHT : NGHTTP2_DEFAULT_WEIGHT
        unsafe nghttp2_priority_spec_init(&priority, 0, weight, 0)
        unsafe nghttp2_session_change_stream_priority(http2, self.id, &priority)
    }

    private func enqueue(messageByteCount: Int) {
        self.connection.queuedByteCount += messageByteCount + 5
        self.queue.appendPrefix(messageByteCount: messageByteCount)
    }

    private func end(_ status: RPCStatus) {
        self.isFinished = true
        self.status = status
        self.recordOutcome(status.code)
    }

    /// Counts the call once, when its outcome is known.
    func recordOutcome(_ code: RPCCode) {
        let metrics = self.connection.environment.metrics
        switch self.purpose {
        case .unary(let method):
            metrics.countCall(method, code)
            let elapsed = self.eventLoop.now - self.startTime
            metrics.recordDuration(method, nanoseconds: elapsed.nanoseconds)
        case .stream(let method):
            metrics.countCall(method, code)
        case .http, .refused:
            break
        }
    }

    func updateWatermark() {
        if self.queue.byteCount > self.connection.environment.limits.streamWatermarkBytes {
            self.isOverWatermark = true
        }
    }

    func submitOrResume() {
        self.updateWatermark()
        if self.hasResponded { return self.resume() }
        self.hasResponded = true
        let http2 = unsafe self.connection.http2
        unsafe self.connection.environment.http2.withBlock(.response) { block in
            unsafe self.submit(http2, block)
        }
    }

    /// Submits the response's head, with this stream's queue as its body.
    func submit(_ http2: OpaquePointer?, _ fields: UnsafeBufferPointer<nghttp2_nv>) {
        var provider = unsafe nghttp2_data_provider()
        unsafe provider.source.ptr = Unmanaged.passUnretained(self).toOpaque()
        unsafe provider.read_callback = readStreamData
        unsafe nghttp2_submit_response(http2, self.id, fields.baseAddress, fields.count, &provider)
    }

    /// Tells the library that a deferred stream has something to send.
    func resume() {
        guard self.isDeferred else { return }
        self.isDeferred = false
        unsafe nghttp2_session_resume_data(self.connection.http2, self.id)
    }

    /// Answers with a head and no body.
    ///
    /// Callers have set ``status``.
    func submitTrailersOnly(httpStatus: String) {
        var fields = [
            HeaderField(":status", httpStatus), HeaderField("content-type", "application/grpc"),
        ]
        if self.status.code == .unimplemented {
            fields.append(HeaderField("grpc-accept-encoding", "identity"))
        }
        fields += self.trailerFields
        let http2 = unsafe self.connection.http2
        unsafe HeaderField.withFields(fields) { block in
            _ = unsafe nghttp2_submit_response(http2, self.id, block.baseAddress, block.count, nil)
        }
    }

    /// Submits the trailers behind the last message.
    ///
    /// Called while the last DATA frame is being made.
    func submitTrailers() {
        let http2 = unsafe self.connection.http2
        guard self.status.code == .ok, self.status.message.isEmpty else {
            unsafe HeaderField.withFields(self.trailerFields) { block in
                _ = unsafe nghttp2_submit_trailer(http2, self.id, block.baseAddress, block.count)
            }
            return
        }
        unsafe self.connection.environment.http2.withBlock(.success) { block in
            _ = unsafe nghttp2_submit_trailer(http2, self.id, block.baseAddress, block.count)
        }
    }

    private var trailerFields: [HeaderField] {
        var fields = [HeaderField("grpc-status", String(self.status.code.rawValue))]
        if !self.status.message.isEmpty {
            fields.append(HeaderField("grpc-message", RPCStatus.percentEncoded(self.status.message)))
        }
        return fields
    }

    /// Says how much goes into the next DATA frame.
    func nextData(limit: Int) -> NextData {
        let available = self.queue.byteCount
        let count = min(limit, available)
        if count < available { return .some(count) }
        if self.isFinished {
            if case .http = self.purpose { return .last(count) }
            return .lastBeforeTrailers(count)
        }
        if count > 0 { return .some(count) }
        self.isDeferred = true
        return .wait
    }

    /// Moves `count` bytes of the queue into the connection's output.
    func moveData(_ count: Int, into output: inout ByteBuffer) {
        self.queue.take(count, into: &output)
        self.connection.queuedByteCount -= count
        guard self.isOverWatermark else { return }
        let watermark = self.connection.environment.limits.streamWatermarkBytes
        guard self.queue.byteCount < watermark / 2 else { return }
        self.isOverWatermark = false
        if self.awaitsWritable { self.connection.waitingStreams.append(self) }
        self.returnWithheldBytes()
    }
}
