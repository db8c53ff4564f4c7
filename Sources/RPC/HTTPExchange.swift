package import NIOCore

/// A request that is not gRPC, over HTTP/1.1 or HTTP/2.
package struct HTTPRequest: Sendable {
    /// The method, such as `GET`.
    package var method: String
    /// The path with its query, such as `/health?serializable=true`.
    package var target: String
    /// The header fields in the order in which they arrived.
    ///
    /// Names are in lower case; `host` is always the authority.
    package var headers: [(name: String, value: String)]
    /// The body, complete.
    package var body: ByteBuffer

    /// Creates a request.
    package init(
        method: String,
        target: String,
        headers: [(name: String, value: String)],
        body: ByteBuffer
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// Returns the value of the first header field with this name, in lower case, or `nil`.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name == name }?.value
    }
}

/// Who takes the body of a plain request while it arrives.
///
/// Loop-bound; kept by the exchange until that is over.
package protocol HTTPBodyHandler: AnyObject {
    /// How many bytes it keeps of what has arrived; they count against the connection's incomplete requests.
    var keptByteCount: Int { get }

    /// Takes a part of the body.
    func receiveBody(_ bytes: ByteBuffer)

    /// Says that the body is complete.
    func receiveBodyEnd()
}

/// What carries the answer of an exchange: an HTTP/2 stream or an HTTP/1.1 connection.
protocol HTTPTransport: AnyObject {
    /// Where the calls of its exchanges are kept.
    var connection: RPCConnection { get }
    var eventLoop: any EventLoop { get }
    var isTransportWritable: Bool { get }
    func sendHead(status: Int, headers: [(name: String, value: String)], bodyByteCount: Int?)
    func sendBody(_ bytes: ByteBuffer)
    func sendEnd()
    func flushTransport()
}

/// The answer to one plain request.
///
/// Loop-bound.
///
/// Either one ``respond(status:headers:body:)``, or ``begin(status:headers:)``, any number of ``write(_:)``
/// and ``end()``. Once the exchange is over, what is sent is ignored. Each call is flushed at once.
package final class HTTPExchange {
    /// The loop on which the exchange happens.
    package let eventLoop: any EventLoop
    /// Called once when the exchange is over for any reason, including a client that went away.
    package var onClosed: (() -> Void)?
    /// Called after ``isWritable`` returned `false`, when it would return `true` again.
    package var onWritable: (() -> Void)?
    /// Header fields that the answer carries beside its own.
    package var commonHeaders: [(name: String, value: String)] = []

    private var request: HTTPRequest
    private var session: (any RPCSession)?
    private(set) var transport: (any HTTPTransport)?
    private var bodyHandler: (any HTTPBodyHandler)?
    private let bodyLimit: Int
    private var hasBegun = false
    private var hasEnded = false

    init(request: HTTPRequest, transport: any HTTPTransport, session: (any RPCSession)?, bodyLimit: Int) {
        self.eventLoop = transport.eventLoop
        self.request = request
        self.transport = transport
        self.session = session
        self.bodyLimit = bodyLimit
    }

    /// Whether nothing more can be sent.
    package var isEnded: Bool { self.hasEnded || self.transport == nil }

    /// Whether sending more now is reasonable.
    package var isWritable: Bool {
        guard !self.hasEnded, let transport = self.transport else { return false }
        return transport.isTransportWritable
    }

    /// Sends the whole answer.
    ///
    /// The length is added; `content-type` is the caller's to give.
    package func respond(status: Int, headers: [(name: String, value: String)] = [], body: ByteBuffer) {
        guard !self.isEnded, !self.hasBegun else { return }
        self.hasBegun = true
        let headers = self.commonHeaders + headers
        self.transport?.sendHead(status: status, headers: headers, bodyByteCount: body.readableBytes)
        if body.readableBytes > 0, self.request.method != "HEAD" { self.transport?.sendBody(body) }
        self.end()
    }

    /// Sends the head of an answer whose length is not known.
    package func begin(status: Int, headers: [(name: String, value: String)] = []) {
        guard !self.isEnded, !self.hasBegun else { return }
        self.hasBegun = true
        self.transport?.sendHead(status: status, headers: self.commonHeaders + headers, bodyByteCount: nil)
        self.transport?.flushTransport()
    }

    /// Sends a part of the body.
    package func write(_ bytes: ByteBuffer) {
        guard !self.isEnded, self.hasBegun, bytes.readableBytes > 0 else { return }
        guard self.request.method != "HEAD" else { return }
        self.transport?.sendBody(bytes)
        self.transport?.flushTransport()
    }

    /// Ends the answer.
    package func end() {
        guard !self.isEnded, self.hasBegun else { return }
        self.hasEnded = true
        self.transport?.sendEnd()
        self.transport?.flushTransport()
    }

    // MARK: From the transport

    /// Whether the body is handed on while it arrives, so that it may take as long as it likes.
    var handsBodyOn: Bool { self.bodyHandler != nil }

    /// The head is complete.
    func receiveHead() {
        guard let handler = self.session?.bodyHandler(for: self.request, on: self) else { return }
        // Kept until the exchange is over, which it may be already.
        if !self.isEnded { self.bodyHandler = handler }
    }

    func receiveBody(_ bytes: ByteBuffer) {
        guard !self.isEnded else { return }
        if let handler = self.bodyHandler {
            handler.receiveBody(bytes)
        } else if self.admit(bytes.readableBytes) {
            self.request.body.writeImmutableBuffer(bytes)
        }
    }

    /// The request is complete: hands it to the session.
    func receiveEnd() {
        if !self.isEnded, let handler = self.bodyHandler { return handler.receiveBodyEnd() }
        guard !self.isEnded, !self.hasBegun else { return }
        guard let session = self.session.take() else {
            return self.respond(status: 503, body: ByteBuffer())
        }
        let request = self.request
        self.request.body = ByteBuffer()
        session.respond(to: request, on: self)
    }

    /// The bytes of an incomplete body that are kept.
    var bodyByteCount: Int { self.request.body.readableBytes + (self.bodyHandler?.keptByteCount ?? 0) }

    /// Answers with an error of the transport and drops the body.
    func refuse(status: Int, _ text: String) {
        self.request.body = ByteBuffer()
        self.bodyHandler = nil
        if self.hasBegun { return self.end() }
        self.respond(status: status, body: ByteBuffer(string: text))
    }

    func becameWritable() { self.onWritable?() }

    func transportClosed() {
        self.transport = nil
        self.session = nil
        self.bodyHandler = nil
        self.onWritable = nil
        self.onClosed.take()?()
    }

    private func admit(_ byteCount: Int) -> Bool {
        if self.request.body.readableBytes + byteCount <= self.bodyLimit { return true }
        self.refuse(status: 413, "request body larger than \(self.bodyLimit) bytes\n")
        return false
    }
}
