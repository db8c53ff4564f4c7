import CNghttp2
import CoreMetrics
import NIOCore

extension RPCConnection {
    /// Takes one header field of the request that is arriving; returns `false` to reset its stream.
    func receiveHeader(name: Span<UInt8>, value: Span<UInt8>) -> Bool {
        let limit = self.environment.limits.maxHeaderListBytes
        self.head.add(name: name, value: value, limit: limit, methods: self.environment.methods)
        // Up to here a request that is too large gets a proper answer; beyond, expanding it costs too much.
        return self.head.byteCount <= limit * 4
    }

    /// Takes a part of a DATA frame.
    func receiveData(_ bytes: UnsafeRawBufferPointer, on stream: RPCStream?, id: Int32, isLastFrame: Bool) {
        unsafe nghttp2_session_consume_connection(self.http2, bytes.count)
        guard let stream else { return }
        unsafe stream.receiveData(bytes, isLastFrame: isLastFrame)
        // After the last frame the client's window for the stream no longer matters.
        guard !isLastFrame else { return }
        if stream.withholdsWindow {
            stream.withheldByteCount += bytes.count
        } else {
            self.consume(bytes.count, of: id)
        }
    }

    /// Takes a request whose header block is complete.
    func receiveRequest(id: Int32, isEnd: Bool) {
        guard self.head.isWellFormed else {
            // A malformed request is a stream error (RFC 9113 §8.1.1).
            self.environment.metrics.invalidFrames.increment()
            unsafe nghttp2_submit_rst_stream(self.http2, 0, id, NGHTTP2_PROTOCOL_ERROR.rawValue)
            return
        }
        if self.userAgent.isEmpty, !self.head.userAgent.isEmpty {
            self.userAgent = String(decoding: self.head.userAgent.prefix(256), as: UTF8.self)
        }
        guard self.head.isGRPC else { return self.openExchange(id: id, isEnd: isEnd) }
        if let refusal = self.refusal() {
            return self.refuse(id: id, isEnd: isEnd, refusal.status, httpStatus: refusal.httpStatus)
        }
        guard let method = self.head.method else { return }
        self.environment.metrics.countStart(method)
        let fields = self.head.fields.isEmpty ? PackedFields() : self.head.fields.copy()
        switch self.environment.methods.kind(of: method) {
        case .unary:
            let stream = self.makeStream(id: id, purpose: .unary(method), fields: fields)
            if isEnd { stream.receiveEnd() }
        case .stream:
            let stream = self.makeStream(id: id, purpose: .stream(method), fields: fields)
            self.environment.metrics.openStreams.increment()
            stream.handler = self.session?.openStream(method, on: stream)
            if !stream.isEnded, let deadline = stream.deadline { self.arm(deadline) }
            if isEnd { stream.receiveEnd() }
        }
    }

    private func makeStream(id: Int32, purpose: RPCStream.Purpose, fields: PackedFields) -> RPCStream {
        let stream = RPCStream(
            connection: self,
            id: id,
            purpose: purpose,
            fields: fields,
            startTime: self.readTime
        )
        if case .nanoseconds(let timeout) = self.head.timeout {
            stream.deadline = self.readTime + .nanoseconds(timeout)
        }
        self.add(stream)
        return stream
    }

    /// Returns why the call whose head has arrived cannot be served, or `nil`.
    private func refusal() -> (status: RPCStatus, httpStatus: String)? {
        let limits = self.environment.limits
        if self.head.byteCount > limits.maxHeaderListBytes {
            self.environment.metrics.limitedCalls.increment()
            let message = "grpc: request metadata larger than \(limits.maxHeaderListBytes) bytes"
            return (RPCStatus(code: .resourceExhausted, message: message), "431")
        }
        guard self.head.isPost else {
            return (RPCStatus(code: .internal, message: "grpc: the request's method is not POST"), "405")
        }
        guard self.head.isIdentityEncoded else {
            let message = "grpc: the request's message encoding is not supported"
            return (RPCStatus(code: .unimplemented, message: message), "200")
        }
        guard self.head.method != nil else {
            let path = String(decoding: self.head.path.prefix(256), as: UTF8.self)
            return (RPCStatus(code: .unimplemented, message: "unknown method \(path)"), "200")
        }
        switch self.head.timeout {
        case .malformed:
            return (RPCStatus(code: .internal, message: "malformed grpc-timeout"), "400")
        case .nanoseconds(let timeout) where timeout <= 0:
            return (RPCStatus(code: .deadlineExceeded, message: "context deadline exceeded"), "200")
        default:
            break
        }
        guard self.queuedByteCount < limits.maxQueuedBytes else {
            self.environment.metrics.limitedCalls.increment()
            let message = "grpc: too many bytes of answers wait on this connection"
            return (RPCStatus(code: .resourceExhausted, message: message), "200")
        }
        return nil
    }

    private func refuse(id: Int32, isEnd: Bool, _ status: RPCStatus, httpStatus: String) {
        let stream = self.makeStream(id: id, purpose: .refused, fields: PackedFields())
        stream.isRemoteClosed = isEnd
        stream.isFinished = true
        stream.hasResponded = true
        stream.status = status
        self.environment.metrics.countStart(self.head.method)
        self.environment.metrics.countCall(self.head.method, status.code)
        stream.submitTrailersOnly(httpStatus: httpStatus)
    }

    private func openExchange(id: Int32, isEnd: Bool) {
        let limits = self.environment.limits
        let stream = self.makeStream(id: id, purpose: .http, fields: PackedFields())
        let target = self.head.method.map { self.environment.methods.path(of: $0) }
        var headers = self.head.fields.all()
        for (name, value) in [("host", self.head.authority), ("content-type", self.head.contentType)]
        where !value.isEmpty {
            headers.append((name, String(decoding: value, as: UTF8.self)))
        }
        let request = HTTPRequest(
            method: self.head.isPost ? "POST" : String(decoding: self.head.httpMethod, as: UTF8.self),
            target: target ?? String(decoding: self.head.path, as: UTF8.self),
            headers: headers,
            body: ByteBuffer()
        )
        let exchange = HTTPExchange(
            request: request,
            transport: stream,
            session: self.session,
            bodyLimit: limits.maxBodyBytes
        )
        stream.exchange = exchange
        // A plain request's deadline would be answered in gRPC's way.
        stream.deadline = nil
        self.environment.metrics.httpRequests.increment()
        if self.head.byteCount > limits.maxHeaderListBytes {
            self.environment.metrics.limitedCalls.increment()
            exchange.respond(status: 431, headers: [], body: ByteBuffer())
        } else {
            exchange.receiveHead()
            if isEnd { stream.receiveEnd() }
        }
        stream.isRemoteClosed = isEnd
    }

    // MARK: Deadlines

    /// Makes sure that a timer runs no later than `deadline`.
    ///
    /// One timer per connection, never cancelled: most calls are answered long before, and cancelling a timer
    /// costs more than letting it find nothing to do.
    func arm(_ deadline: NIODeadline) {
        if let armed = self.deadlineTimer, armed <= deadline { return }
        self.deadlineTimer = deadline
        self.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [timers] in
            timers?.connection?.expire(deadline)
        }
    }

    private func expire(_ armed: NIODeadline) {
        // An earlier timer replaced this one; it looks after all streams.
        guard self.deadlineTimer == armed else { return }
        self.deadlineTimer = nil
        let now = self.eventLoop.now
        var next: NIODeadline?
        var due: [RPCStream] = []
        for stream in self.streams {
            guard !stream.isEnded, let deadline = stream.deadline else { continue }
            if deadline <= now {
                due.append(stream)
            } else {
                next = min(next ?? deadline, deadline)
            }
        }
        for stream in due {
            stream.finish(RPCStatus(code: .deadlineExceeded, message: "context deadline exceeded"))
        }
        if let next { self.arm(next) }
        if !due.isEmpty { self.pump() }
    }
}
