import CoreMetrics
package import NIOCore

/// Takes the answer of a call that came as a plain request instead of gRPC.
///
/// Loop-bound; kept by the call until that is closed.
package protocol RPCRelay: AnyObject {
    /// Whether sending more now is reasonable; after `false`, ``RPCStream/becameWritable()`` is called once.
    var isWritable: Bool { get }

    /// Takes one message of the answer.
    func relay(_ message: ByteBuffer)

    /// Says that the answer is complete; nothing follows.
    func relayEnd(_ status: RPCStatus)
}

extension HTTPExchange {
    /// Opens a call of the session's services that this exchange asks for.
    ///
    /// Its messages come by ``RPCStream/deliver(_:)``, its answer goes to `relay`, perhaps before this
    /// returns. It is counted, limited and drained like any other, and has to be ended by
    /// ``RPCStream/cancel()``.
    ///
    /// - Parameters:
    ///   - method: The method's number in the ``RPCMethodTable``.
    ///   - metadata: The call's metadata; names in lower case.
    ///   - relay: Who takes the answer.
    /// - Returns: The call, or `nil` when the exchange is over.
    package func openCall(
        _ method: Int,
        metadata: [(name: String, value: String)],
        relay: any RPCRelay
    ) -> RPCStream? {
        guard !self.isEnded, let connection = self.transport?.connection else { return nil }
        return connection.openCall(method, metadata: metadata, relay: relay)
    }
}

extension RPCConnection {
    fileprivate func openCall(
        _ method: Int,
        metadata: [(name: String, value: String)],
        relay: any RPCRelay
    ) -> RPCStream {
        var fields = PackedFields()
        for (name, value) in metadata { fields.append(name: name.utf8.span, value: value.utf8.span) }
        let isStream = self.environment.methods.kind(of: method) == .stream
        let stream = RPCStream(
            connection: self,
            id: 0,
            purpose: isStream ? .stream(method) : .unary(method),
            fields: fields,
            startTime: self.eventLoop.now,
            relay: relay
        )
        stream.slot = self.streams.count
        self.streams.append(stream)
        if isStream { self.environment.metrics.openStreams.increment() }
        guard self.queuedByteCount < self.environment.limits.maxQueuedBytes else {
            self.environment.metrics.limitedCalls.increment()
            let message = "grpc: too many bytes of answers wait on this connection"
            stream.finish(RPCStatus(code: .resourceExhausted, message: message))
            return stream
        }
        if isStream { stream.handler = self.session?.openStream(method, on: stream) }
        return stream
    }
}

/// What a relayed call is told by whoever opened it.
extension RPCStream {
    /// Hands a message to the call's service.
    package func deliver(_ message: RawSpan) {
        let limit = self.connection.environment.limits.maxMessageBytes
        guard !self.isEnded else { return }
        guard message.byteCount <= limit else {
            let sizes = "(\(message.byteCount) vs. \(limit))"
            let text = "grpc: received message larger than max " + sizes
            return self.finish(RPCStatus(code: .resourceExhausted, message: text))
        }
        switch self.purpose {
        case .unary(let method): self.connection.session?.callUnary(method, on: self, message: message)
        case .stream: self.handler?.receive(message)
        case .http, .refused: break
        }
    }

    /// Says that no more messages will be delivered.
    package func deliverEnd() {
        self.isRemoteClosed = true
        guard !self.isEnded else { return }
        self.handler?.receiveEnd()
    }

    /// Says that the relay is writable again.
    package func becameWritable() {
        guard !self.isEnded else { return }
        self.handler?.streamBecameWritable()
    }

    /// Closes the call, whether or not it was answered.
    package func cancel() {
        self.connection.remove(self)
    }
}
