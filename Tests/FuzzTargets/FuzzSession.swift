import NIOCore

@testable import RPC

/// The services behind a connection that is fuzzed: they answer at once, later, at length or not at all.
final class FuzzSession: RPCSession {
    /// Paths of the etcd API, so that recorded traffic is served.
    static let methods = RPCMethodTable([
        ("/etcdserverpb.KV/Range", .unary), ("/etcdserverpb.KV/Put", .unary),
        ("/etcdserverpb.KV/Txn", .unary), ("/v3lockpb.Lock/Lock", .unary),
        ("/etcdserverpb.Watch/Watch", .stream), ("/etcdserverpb.Lease/LeaseKeepAlive", .stream),
    ])

    weak var connection: RPCConnection?
    private var pending: [RPCStream] = []
    private var waiting: [FuzzHandler] = []
    private var streams: [FuzzHandler] = []
    private var closeCount = 0

    func callUnary(_ method: Int, on stream: RPCStream, message: RawSpan) {
        self.connection = stream.connection
        let bytes = message.withUnsafeBytes { Array($0) }
        switch method {
        case 0: stream.respond(ByteBuffer(bytes: bytes))
        case 1: self.pending.append(stream)
        case 2: stream.respond(ByteBuffer(repeating: 7, count: bytes.first.map { Int($0) * 400 } ?? 0))
        default:
            let handler = FuzzHandler(stream, isEchoing: false)
            self.waiting.append(handler)
            stream.startWaiting(handler)
        }
    }

    func openStream(_ method: Int, on stream: RPCStream) -> any RPCStreamHandler {
        self.connection = stream.connection
        let handler = FuzzHandler(stream, isEchoing: method == 4)
        self.streams.append(handler)
        return handler
    }

    func respond(to request: HTTPRequest, on exchange: HTTPExchange) {
        let text = "\(request.method) \(request.target) \(request.body.readableBytes)"
        exchange.respond(status: 200, headers: [("x-target", text)], body: ByteBuffer(string: text))
    }

    func connectionClosed() { self.closeCount += 1 }

    /// Answers the calls that were kept.
    func answerPending() {
        for (index, stream) in self.pending.enumerated() {
            if index.isMultiple(of: 2) {
                stream.respond(ByteBuffer(repeating: 1, count: index * 100))
            } else {
                stream.finish(RPCStatus(code: .unknown, message: "late %\u{e9}"))
            }
        }
        self.pending = []
        self.connection?.flushSoon()
    }

    /// Traps unless everything was told of its end, once.
    func checkClosed() {
        require(self.closeCount == 1, "a session is closed once")
        for handler in self.streams + self.waiting {
            require(handler.closeCount == 1, "a call is closed once")
        }
        guard let connection = self.connection else { return }
        require(connection.streams.isEmpty, "a closed connection has no calls")
        require(connection.partialByteCount == 0, "nothing incomplete is left on the account")
        require(connection.queuedByteCount == 0, "nothing queued is left on the account")
    }
}

/// Receives the messages of one call.
private final class FuzzHandler: RPCStreamHandler {
    private let stream: RPCStream
    private let isEchoing: Bool
    private(set) var closeCount = 0

    init(_ stream: RPCStream, isEchoing: Bool) {
        self.stream = stream
        self.isEchoing = isEchoing
    }

    func receive(_ message: RawSpan) {
        require(self.closeCount == 0, "a closed call receives nothing")
        let bytes = ByteBuffer(bytes: message.withUnsafeBytes { Array($0) })
        guard self.isEchoing else { return }
        if self.stream.isWritable { self.stream.send(head: bytes, shared: bytes) }
    }

    func receiveEnd() {
        require(self.closeCount == 0, "a closed call does not end")
        self.stream.finish(.ok)
    }

    func streamBecameWritable() {
        require(self.closeCount == 0, "a closed call is not writable")
        self.stream.send(ByteBuffer(repeating: 3, count: 5_000))
    }

    func streamClosed() { self.closeCount += 1 }
}
