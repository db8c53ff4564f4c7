/// Every bound of the transport.
///
/// Each has a metric (``RPCMetrics``) and a defined answer when it is reached.
package struct RPCLimits: Sendable, Hashable {
    // MARK: Connections

    /// Open connections per listener; one more is accepted and closed at once.
    package var maxConnections = 20_000
    /// How long a peer may take for the TLS handshake and the first bytes that show its protocol.
    package var handshakeTimeout: Duration = .seconds(10)
    /// How long an HTTP/2 peer may take for its first SETTINGS frame, and an HTTP/1 peer for a whole request.
    package var prefaceTimeout: Duration = .seconds(10)
    /// After how much silence an HTTP/2 peer is pinged.
    package var keepaliveInterval: Duration = .seconds(30)
    /// How long a pinged peer may stay silent before the connection is closed.
    package var keepaliveTimeout: Duration = .seconds(20)
    /// How long a peer may leave its socket full before the connection is closed.
    package var stallTimeout: Duration = .seconds(120)
    /// How long a client has to answer the first GOAWAY of a graceful stop before the second is sent anyway.
    package var drainDelay: Duration = .seconds(1)
    /// Connections waiting in the kernel to be accepted.
    package var acceptBacklog = 4_096

    // MARK: HTTP/2

    /// Streams a client may have open on one connection (SETTINGS_MAX_CONCURRENT_STREAMS).
    ///
    /// Clients wait when they have that many; one that was told and opens more has broken the protocol, and
    /// its connection ends.
    package var maxConcurrentStreams = 1_000
    /// Bytes of one request's header list, counted as RFC 9113 §6.5.2 does; at most 65,535.
    ///
    /// More is answered with 431 or RESOURCE_EXHAUSTED, four times as much resets the stream.
    package var maxHeaderListBytes = 16_384
    /// The window a client has per stream (SETTINGS_INITIAL_WINDOW_SIZE).
    package var streamWindowBytes = 1_048_576
    /// The window a client has per connection.
    package var connectionWindowBytes = 16_777_216
    /// RST_STREAM frames a client may send at once; beyond it the connection ends.
    ///
    /// Generous, because clients that cancel many calls send many.
    package var resetBurst = 1_000
    /// RST_STREAM frames a second that a client may send in the long run.
    package var resetsPerSecond = 100
    /// PING and SETTINGS acknowledgements that may wait to be written; beyond it the connection ends.
    ///
    /// Pings as such are never counted: bandwidth estimators send one per burst of data.
    package var maxUnwrittenAcknowledgements = 4_096
    /// Entries of one SETTINGS frame.
    package var maxSettingsEntries = 32
    /// CONTINUATION frames of one header block.
    package var maxContinuations = 8

    // MARK: Messages

    /// Bytes of one request message: etcd's 1.5 MiB and 512 KiB on top; a larger one ends its call with
    /// RESOURCE_EXHAUSTED.
    package var maxMessageBytes = 1_572_864 + 524_288
    /// Bytes of incomplete requests that one connection may make us keep; more ends the call with
    /// RESOURCE_EXHAUSTED.
    package var maxPartialBytes = 33_554_432
    /// Bytes queued for one stream from which on it is not writable; it is writable again below half of it.
    package var streamWatermarkBytes = 65_536
    /// Bytes of answers queued on one connection from which on new calls end with RESOURCE_EXHAUSTED.
    package var maxQueuedBytes = 268_435_456

    // MARK: Output

    /// Bytes that are handed to the socket in one write.
    package var writeChunkBytes = 65_536
    /// Below how many unwritten bytes a full socket counts as writable again.
    package var socketLowWatermarkBytes = 32_768
    /// From how many unwritten bytes on a socket counts as full: nothing is read or produced until it drains.
    package var socketHighWatermarkBytes = 131_072

    // MARK: Plain HTTP

    /// Bytes of one request's body; a larger one is answered with 413.
    ///
    /// Twice a message's: as JSON, its bytes are a third longer.
    package var maxBodyBytes = 2 * (1_572_864 + 524_288)
    /// How long an HTTP/1 connection may be kept without a request.
    package var idleTimeout: Duration = .seconds(60)

    /// Creates the default limits.
    package init() {}
}
