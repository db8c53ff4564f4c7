package import NIOCore

/// One call, or one plain request over HTTP/2.
///
/// Loop-bound; owned by its connection until it closes.
///
/// It holds the request's metadata, cuts its bytes into messages, and queues the answer until flow control
/// lets it go. Whatever is sent after the call ended is ignored, so late answers need no check.
///
/// Sends made while the connection is delivering to a session are flushed by it. Sends made at any other time
/// need ``RPCConnection/flush()`` or ``RPCConnection/flushSoon()`` afterwards.
package final class RPCStream {
    /// What the bytes of the request are for.
    enum Purpose {
        /// A unary call of this method.
        case unary(Int)
        /// A streaming call of this method.
        case stream(Int)
        /// A plain request.
        case http
        /// A call that was refused; what the client still sends is dropped.
        case refused
    }

    /// The connection that carries this call.
    package let connection: RPCConnection
    /// The loop on which everything about this call happens.
    package var eventLoop: any EventLoop { self.connection.eventLoop }

    let id: Int32
    let purpose: Purpose
    let fields: PackedFields
    let startTime: NIODeadline
    var deadline: NIODeadline?

    // What arrives.
    var deframer = MessageDeframer()
    var handler: (any RPCStreamHandler)?
    /// Who takes the answer of a call that did not come as gRPC; `nil` for all others.
    var relay: (any RPCRelay)?
    var exchange: HTTPExchange?
    var unaryMessage: ByteBuffer?
    var messageCount = 0
    var isRemoteClosed = false
    /// This stream's part of the connection's incomplete requests.
    var partialByteCount = 0
    /// Bytes received but not yet given back to the client's window, because the answers are not being read.
    var withheldByteCount = 0

    // What leaves.
    var queue = OutputQueue()
    var status = RPCStatus.ok
    /// Whether the response's head was submitted.
    var hasResponded = false
    /// Whether the answer is complete, though perhaps not yet sent.
    var isFinished = false
    var isClosed = false
    /// Whether the library waits to be told that there is more to send.
    var isDeferred = false
    /// Whether the queue passed its watermark and has not fallen below half of it.
    var isOverWatermark = false
    /// Whether somebody saw ``isWritable`` return `false` and has to be told.
    var awaitsWritable = false

    /// Position in the connection's list.
    var slot = 0

    init(
        connection: RPCConnection,
        id: Int32,
        purpose: Purpose,
        fields: PackedFields,
        startTime: NIODeadline,
        relay: (any RPCRelay)? = nil
    ) {
        self.connection = connection
        self.id = id
        self.purpose = purpose
        self.fields = fields
        self.startTime = startTime
        self.relay = relay
    }

    /// Returns the value of the request's first metadata field with this name, or `nil`.
    ///
    /// Standard headers (`:path`, `te`, `content-type`, `grpc-…`, `user-agent`) are not metadata. Bytes that
    /// are not UTF-8 are repaired; ``metadataBytes(_:)`` shows them as they came. O(number of fields).
    ///
    /// - Parameter name: In lower case.
    /// - Returns: The value, or `nil` when there is no such field.
    package func metadata(_ name: String) -> String? {
        guard !self.fields.isEmpty, let value = self.fields.first(name) else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    /// Returns the bytes of the request's first metadata field with this name, or `nil`.
    package func metadataBytes(_ name: String) -> [UInt8]? {
        guard !self.fields.isEmpty, let value = self.fields.first(name) else { return nil }
        return Array(value)
    }

    /// Whether the call has ended, so that anything sent would be ignored.
    package var isEnded: Bool { self.isFinished || self.isClosed || self.connection.isClosing }

    /// The number of bytes that wait for the client's flow control or the socket.
    package var queuedByteCount: Int { self.queue.byteCount }

    /// Whether sending more now is reasonable.
    ///
    /// `false` when the stream's queue is over its watermark or the socket is full. Having seen `false`, the
    /// handler's `streamBecameWritable` is called once when neither is the case any more.
    package var isWritable: Bool {
        guard !self.isEnded else { return false }
        if let relay { return relay.isWritable }
        guard self.isOverWatermark || self.connection.isPaused else { return true }
        if !self.awaitsWritable {
            self.awaitsWritable = true
            if !self.isOverWatermark { self.connection.waitingStreams.append(self) }
        }
        return false
    }
}
