/// One connection's services.
///
/// Loop-bound: made, called and dropped on the connection's event loop.
///
/// The transport keeps the session as long as the connection lives and drops it after ``connectionClosed()``.
package protocol RPCSession: AnyObject {
    /// Answers one unary call.
    ///
    /// The implementation must end the call with `respond` or `finish` on `stream`, now or later, on the
    /// loop. Whoever answers later than this call returns must also call ``RPCConnection/flush()`` or
    /// `flushSoon()`.
    ///
    /// - Parameters:
    ///   - method: The method's number in the ``RPCMethodTable``.
    ///   - stream: The call.
    ///   - message: The request's bytes, valid only until this function returns.
    func callUnary(_ method: Int, on stream: RPCStream, message: RawSpan)

    /// Opens a call of a streaming method and returns who receives its messages.
    ///
    /// The implementation may already send on `stream` or finish it.
    func openStream(_ method: Int, on stream: RPCStream) -> any RPCStreamHandler

    /// Says, when the head of a request that is not gRPC has arrived, who takes its body piece by piece.
    ///
    /// - Returns: `nil` to have the body collected and ``respond(to:on:)`` called with all of it.
    func bodyHandler(for request: HTTPRequest, on exchange: HTTPExchange) -> (any HTTPBodyHandler)?

    /// Answers a request that is not gRPC; its body is complete.
    func respond(to request: HTTPRequest, on exchange: HTTPExchange)

    /// Says on which connection the session's calls come in; once, before the first.
    ///
    /// Not called when the connection is gone before it can begin.
    func connectionOpened(_ connection: RPCConnection)

    /// Says that the connection is gone; the last call. All streams have been closed before.
    func connectionClosed()
}

extension RPCSession {
    /// Is for sessions that want to know.
    package func connectionOpened(_ connection: RPCConnection) {}

    /// Has every body collected.
    package func bodyHandler(
        for request: HTTPRequest,
        on exchange: HTTPExchange
    ) -> (any HTTPBodyHandler)? {
        nil
    }
}

/// Who receives the messages of one streaming call.
///
/// Loop-bound; kept by the stream until ``streamClosed()``.
package protocol RPCStreamHandler: AnyObject {
    /// Receives one message, whose bytes are valid only until this function returns.
    func receive(_ message: RawSpan)

    /// Says that the client will send no more. The server may go on sending.
    func receiveEnd()

    /// Says that the stream is writable again after ``RPCStream/isWritable`` returned `false`.
    func streamBecameWritable()

    /// Says that the call is over: finished, reset or cut off with its connection.
    ///
    /// Called exactly once. What is sent afterwards is ignored.
    func streamClosed()
}
