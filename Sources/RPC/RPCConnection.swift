// gRPC over HTTP/2, the server's side, on event loops.
//
// What it is: one channel handler per connection (`RPCConnection`) that feeds what arrives to a session of
// the HTTP/2 library and writes what the session wants to send; one plain object per call (`RPCStream`); and
// the listener that accepts connections, waits for TLS and finds out which protocol a peer speaks
// (`RPCListener`).
//
// What it is not: it knows no protobuf and no service. It moves the bytes of messages between a peer and an
// `RPCSession`.
//
// The idea: framing, header compression, flow control and abuse limits are the library's job; cutting
// messages, statuses and back-pressure are ours. Everything of a connection happens on its loop, in plain
// calls: no task, no promise and no channel per call.
//
// Where to begin: `RPCSession` (what a service implements), this file, then `RPCConnection+Output`.
import CNghttp2
package import NIOCore

/// One HTTP/2 connection.
///
/// Loop-bound.
///
/// It owns the library's session and the list of open streams. The library's callbacks only change state and
/// append to ``output``; writing to the channel and freeing the session happen when no call into the library
/// is on the stack.
@safe package final class RPCConnection {
    /// Who is at the other end.
    package let peer: RPCPeer
    /// The loop on which everything happens.
    package let eventLoop: any EventLoop
    /// The services of this connection; `nil` once it is closed.
    package internal(set) var session: (any RPCSession)?
    /// What the client calls itself in its first request (`user-agent`), at most 256 bytes; empty before.
    package internal(set) var userAgent = ""
    /// How many bytes the client has sent; of HTTP/1.1, those of bodies.
    package internal(set) var receivedByteCount = 0
    /// How many bytes the client was sent; of HTTP/1.1, those of bodies.
    package internal(set) var sentByteCount = 0

    let environment: RPCEnvironment
    var http2: OpaquePointer?
    var context: ChannelHandlerContext?
    var streams: [RPCStream] = []
    /// Streams whose handlers have to be told that they are writable.
    var waitingStreams: [RPCStream] = []
    var head = RequestHead()
    var readTime = NIODeadline.uptimeNanoseconds(0)

    // Output.
    let spareOutput: SpareOutput
    /// What is being written; lent by ``spareOutput`` while there is something.
    var output = ByteBuffer()
    /// Whether the library stopped because ``output`` is full, rather than because nothing is left.
    var isOutputFull = false
    /// Whether the socket is full: nothing is read or produced until it drains.
    var isPaused = false
    var pausedTime = NIODeadline.uptimeNanoseconds(0)
    var holdsRead = false
    var isPumping = false
    var isFlushScheduled = false

    // Accounts against the limits.
    var partialByteCount = 0
    var queuedByteCount = 0

    // Life.
    /// How many calls into the library are on the stack.
    var depth = 0
    /// Whether the channel is being closed: nothing more is read or sent.
    var isClosing = false
    /// Whether to close without waiting for anybody.
    var isCut = false
    /// Why we ended the connection, if we did; the first reason counts.
    private(set) var endReason: RPCMetrics.Closure?
    var hasReceivedSettings = false
    var hasReceivedSinceTick = false
    var awaitsPing = false
    var drainStatus: RPCStatus?
    var isDrained = false
    var deadlineTimer: NIODeadline?
    var timers: TimerTarget?

    /// A unary message that lies in the buffer being read, and whose it is.
    private var lentBytes: UnsafeRawBufferPointer?
    private var lentTo: RPCStream?

    /// Creates the handler of a connection whose peer and services are known; it starts when it is added to
    /// an active channel.
    package init(
        environment: RPCEnvironment,
        peer: RPCPeer,
        session: any RPCSession,
        eventLoop: any EventLoop
    ) {
        self.environment = environment
        self.peer = peer
        self.session = session
        self.eventLoop = eventLoop
        self.spareOutput = environment.spareOutput(of: eventLoop)
        unsafe self.http2 = nil
        unsafe self.lentBytes = nil
    }

    deinit {
        // Without a channel there was no `channelInactive`; the session has no callback left to make.
        unsafe nghttp2_session_del(self.http2)
    }

    /// The number of calls and requests that are open.
    package var streamCount: Int { self.streams.count }

    /// Whether the peer speaks HTTP/2; it speaks HTTP/1.1 otherwise.
    ///
    /// Known until the connection is closed.
    package var isHTTP2: Bool { unsafe self.http2 != nil }

    /// Why we end the connection or ended it; `nil` when the client did.
    package var ending: RPCMetrics.Closure? {
        self.endReason ?? (self.drainStatus == nil ? nil : .drained)
    }

    /// Notes why we end the connection, and counts it, unless there was a reason before.
    func end(because reason: RPCMetrics.Closure) {
        guard self.endReason == nil else { return }
        self.endReason = reason
        self.environment.metrics.count(reason)
    }

    /// Writes what was sent on any of this connection's streams.
    ///
    /// On the loop.
    ///
    /// Call it once after a batch of sends that did not happen inside a callback of a session or stream
    /// handler; inside one it does nothing, because the connection flushes by itself afterwards.
    package func flush() {
        self.eventLoop.assertInEventLoop()
        self.pump()
    }

    /// Flushes once at the end of this turn of the loop, however often it is called.
    ///
    /// On the loop.
    package func flushSoon() {
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.pump()
        }
    }

    /// Ends the connection.
    ///
    /// On the loop.
    ///
    /// - Parameter graceful: Whether open calls may end first: the client is told to open no more (GOAWAY,
    ///   twice), unary calls are answered, streaming calls end with `UNAVAILABLE`. Otherwise everything is
    ///   cut off.
    package func close(graceful: Bool) {
        self.eventLoop.assertInEventLoop()
        if graceful {
            self.drain(RPCStatus(code: .unavailable, message: "the server is shutting down"))
        } else {
            self.cut()
        }
    }

    // MARK: Borrowed bytes

    /// Notes where `stream`'s message lies until the buffer that is being read is left.
    func lend(_ bytes: UnsafeRawBufferPointer, to stream: RPCStream) {
        self.keepLentBytes()
        unsafe self.lentBytes = bytes
        self.lentTo = stream
    }

    /// Returns where `stream`'s message lies, if it was noted in this read.
    func takeLent(by stream: RPCStream) -> UnsafeRawBufferPointer? {
        guard self.lentTo === stream else { return nil }
        self.lentTo = nil
        return unsafe self.lentBytes.take()
    }

    /// Copies a message that was noted but not used, because its bytes are about to become invalid.
    func keepLentBytes() {
        guard let stream = self.lentTo.take(), let bytes = unsafe self.lentBytes.take() else { return }
        if !stream.isEnded { unsafe stream.keep(bytes) }
    }

    // MARK: Streams

    func add(_ stream: RPCStream) {
        stream.slot = self.streams.count
        self.streams.append(stream)
        let pointer = unsafe Unmanaged.passUnretained(stream).toOpaque()
        unsafe nghttp2_session_set_stream_user_data(self.http2, stream.id, pointer)
    }

    func remove(_ stream: RPCStream) {
        guard !stream.isClosed else { return }
        let last = self.streams.removeLast()
        if last !== stream {
            last.slot = stream.slot
            self.streams[stream.slot] = last
        }
        if self.lentTo === stream { _ = unsafe self.takeLent(by: stream) }
        stream.close()
    }

    /// Gives `count` received bytes back to the client's windows, the stream's and not again the
    /// connection's.
    func consume(_ count: Int, of id: Int32) {
        unsafe nghttp2_session_consume_stream(self.http2, id, count)
    }
}

/// What a connection's timers hold on to, so that a timer that is left keeps nothing alive.
///
/// Not a weak reference: an object that has ever been weakly referenced counts its references in a slower way
/// for the rest of its life, and a connection's are counted for every header of every call.
final class TimerTarget {
    /// Cleared when the connection is torn down.
    var connection: RPCConnection?

    init(_ connection: RPCConnection) { self.connection = connection }
}

@available(*, unavailable)
extension RPCConnection: Sendable {}
