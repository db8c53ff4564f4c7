import CNghttp2
import Logging
import NIOCore

/// What the listener tells a connection through its pipeline.
enum ConnectionCommand: Sendable {
    /// End when the open calls have ended; streaming calls end with this status.
    case drain(RPCStatus)
    /// End now.
    case cut(RPCMetrics.Closure)
}

extension RPCConnection {
    private static let drainPing: [UInt8] = Array("draining".utf8)

    /// Creates the session and sends our settings.
    func start() {
        guard unsafe self.http2 == nil, !self.isClosing else { return }
        unsafe self.http2 = self.environment.http2.makeSession(for: self)
        guard unsafe self.http2 != nil else {
            // Out of memory.
            self.context?.close(promise: nil)
            return
        }
        self.timers = TimerTarget(self)
        self.session?.connectionOpened(self)
        self.schedule(self.environment.limits.prefaceTimeout)
        self.pump()
    }

    /// Ends the calls that may last for ever: streaming ones, and unary ones that wait for something.
    func finishStreams(_ status: RPCStatus) {
        for stream in self.streams {
            if stream.handler != nil { stream.finish(status) }
        }
    }

    // MARK: Keeping alive

    /// Schedules the next look at the peer.
    ///
    /// One timer at a time, never cancelled.
    private func schedule(_ delay: Duration) {
        self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.nanoseconds)) { [timers] in
            timers?.connection?.tick()
        }
    }

    private func tick() {
        guard let http2 = unsafe self.http2, !self.isClosing else { return }
        let limits = self.environment.limits
        guard self.hasReceivedSettings else { return self.abandon(.prefaceTimeout) }
        if self.isPaused {
            // Nothing is read while the socket is full, so silence means nothing.
            let stalled = self.eventLoop.now - self.pausedTime
            if stalled.nanoseconds >= limits.stallTimeout.nanoseconds { return self.abandon(.stall) }
            return self.schedule(limits.keepaliveInterval)
        }
        if self.hasReceivedSinceTick {
            self.hasReceivedSinceTick = false
            self.awaitsPing = false
            return self.schedule(limits.keepaliveInterval)
        }
        guard !self.awaitsPing else { return self.abandon(.keepalive) }
        self.awaitsPing = true
        unsafe nghttp2_submit_ping(http2, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        self.schedule(limits.keepaliveTimeout)
        self.pump()
    }

    /// Closes a connection whose peer does not listen any more.
    func abandon(_ reason: RPCMetrics.Closure) {
        self.end(because: reason)
        self.log("connection abandoned", reason.rawValue)
        self.closeAtOnce()
    }

    // MARK: Ending

    /// Tells the client to open no more calls, and ends the streaming ones when it has heard.
    func drain(_ status: RPCStatus) {
        guard let http2 = unsafe self.http2, self.drainStatus == nil, !self.isClosing else { return }
        self.drainStatus = status
        unsafe nghttp2_submit_shutdown_notice(http2)
        // Its acknowledgement says that every call sent before the client heard of it has arrived.
        unsafe nghttp2_submit_ping(http2, UInt8(NGHTTP2_FLAG_NONE.rawValue), Self.drainPing)
        let delay = self.environment.limits.drainDelay
        self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.nanoseconds)) { [timers] in
            timers?.connection?.finishDrain()
            timers?.connection?.pump()
        }
        self.pump()
    }

    func receivePingAcknowledgement() {
        if self.drainStatus != nil { self.finishDrain() }
    }

    private func finishDrain() {
        guard let http2 = unsafe self.http2, let status = self.drainStatus, !self.isDrained else { return }
        self.isDrained = true
        let last = unsafe nghttp2_session_get_last_proc_stream_id(http2)
        unsafe nghttp2_submit_goaway(http2, 0, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
        self.finishStreams(status)
    }

    /// Ends the open streams, sends GOAWAY and cuts the connection, whether or not the client reads it.
    func cut(because reason: RPCMetrics.Closure = .cut) {
        guard !self.isClosing else { return }
        self.end(because: reason)
        // Clients resume a call that ends so. One that ends with the connection after a GOAWAY they give up:
        // older versions of grpc-go call that "unknown".
        self.finishStreams(RPCStatus(code: .unavailable, message: "the connection was cut"))
        self.pump()
        guard let http2 = unsafe self.http2, !self.isClosing else { return }
        self.isCut = true
        unsafe nghttp2_session_terminate_session(http2, NGHTTP2_NO_ERROR.rawValue)
        // Inside a callback nothing can be written or freed yet.
        guard self.depth == 0, !self.isPumping else { return self.flushSoon() }
        self.pump()
    }

    /// The library gave up on what the client sends: says so and closes.
    func fail(code: Int) {
        let reason: RPCMetrics.Closure
        switch code {
        case Int(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue): reason = .badPreface
        case Int(NGHTTP2_ERR_FLOODED.rawValue): reason = .flood
        default: reason = .protocolError
        }
        self.end(because: reason)
        self.log("connection failed", reason.rawValue)
        let error = reason == .flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR
        unsafe nghttp2_session_terminate_session(self.http2, error.rawValue)
        self.pump()
    }

    /// A GOAWAY is leaving, perhaps one that the library sends by itself.
    func noteGoAway(code: UInt32) {
        switch code {
        case NGHTTP2_NO_ERROR.rawValue: break
        case NGHTTP2_ENHANCE_YOUR_CALM.rawValue: self.end(because: .flood)
        // What the library says when a client resets more streams than it may.
        case NGHTTP2_INTERNAL_ERROR.rawValue: self.end(because: .flood)
        default: self.end(because: .protocolError)
        }
    }

    private func log(_ message: Logger.Message, _ reason: String) {
        self.environment.logger.debug(
            message,
            metadata: ["connection.id": "\(self.peer.connectionID)", "reason": "\(reason)"]
        )
    }

    // MARK: After the end

    /// The channel is gone: closes all streams, tells the session, frees the library's session.
    func tearDown() {
        self.isClosing = true
        self.finishTearDown()
    }

    /// Does that once the channel is closed, or at once for a peer that is not waited for: under TLS the
    /// channel lasts until the peer has said goodbye, or for seconds if it does not.
    func finishTearDown(atOnce: Bool = false) {
        // Never under a callback: the library would go on using what was freed.
        guard self.isClosing, self.depth == 0, atOnce || self.context?.channel.isActive != true else {
            return
        }
        // First, because handlers may flush when they are told, and the library would read closed streams.
        let http2 = unsafe self.http2.take()
        unsafe nghttp2_session_del(http2)
        while let stream = self.streams.popLast() { stream.close() }
        self.waitingStreams = []
        self.keepLentBytes()
        self.output = ByteBuffer()
        self.timers.take()?.connection = nil
        self.session.take()?.connectionClosed()
    }
}
