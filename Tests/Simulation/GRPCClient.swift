import SwiftProtobuf
import TestSupport

/// A gRPC client on one wire.
final class GRPCClient {
    /// How a call ended.
    enum End: Hashable {
        case status(Int, String)
        /// The connection, or the stream, ended without a status.
        case broken

        var isOK: Bool { self == .status(0, "") }
    }

    private struct Call {
        var onMessage: ([UInt8]) -> Void
        var onEnd: (End) -> Void
    }

    let wire: Wire
    private let http2: HTTP2Client
    private var calls: [Int32: Call] = [:]
    private(set) var isClosed = false
    /// Whether the server wants no more calls here.
    var isGoingAway: Bool { self.http2.goAwayCount > 0 }

    init(_ wire: Wire, windowBytes: Int) {
        self.wire = wire
        self.http2 = HTTP2Client(windowBytes: windowBytes, connectionWindowBytes: 65_535)
        wire.onClientBytes = { [unowned self] in self.receive($0) }
        wire.onClientClosed = { [unowned self] in self.closed() }
        self.flush()
    }

    /// Makes a unary call; `completion` is called once.
    func call<Response: Message>(
        _ path: String,
        _ request: some Message,
        _ completion: @escaping (Response?, End) -> Void
    ) {
        var response: Response?
        let id = self.open(path, ends: true, request) { bytes in
            response = try? Response(serializedBytes: bytes)
        } onEnd: { end in
            completion(end.isOK ? response : nil, end)
        }
        _ = id
    }

    /// Opens a stream with a first message; returns its number.
    @discardableResult
    func open(
        _ path: String,
        ends: Bool,
        _ request: some Message,
        onMessage: @escaping ([UInt8]) -> Void,
        onEnd: @escaping (End) -> Void
    ) -> Int32 {
        guard !self.isClosed, let bytes: [UInt8] = try? request.serializedBytes() else {
            onEnd(.broken)
            return -1
        }
        let id = self.http2.call(path, [bytes], ends: ends)
        guard id > 0 else {
            onEnd(.broken)
            return -1
        }
        self.calls[id] = Call(onMessage: onMessage, onEnd: onEnd)
        self.flush()
        return id
    }

    func send(_ request: some Message, on id: Int32) {
        guard !self.isClosed, self.calls[id] != nil, let bytes: [UInt8] = try? request.serializedBytes()
        else { return }
        self.http2.send(framed(bytes), on: id)
        self.flush()
    }

    /// Gives a call up; nobody is told.
    func cancel(_ id: Int32) {
        guard self.calls.removeValue(forKey: id) != nil, !self.isClosed else { return }
        self.http2.reset(id)
        self.flush()
    }

    func close() {
        guard !self.isClosed else { return }
        self.wire.closeByClient()
    }

    private func receive(_ bytes: [UInt8]) {
        guard !self.isClosed else { return }
        guard self.http2.receive(bytes) else {
            self.wire.closeByClient()
            return
        }
        for id in self.calls.keys.sorted() {
            self.deliver(id)
        }
        self.flush()
        if self.isGoingAway, self.calls.isEmpty, !self.isClosed { self.wire.closeByClient() }
    }

    private func deliver(_ id: Int32) {
        for message in self.http2.takeMessages(of: id) { self.calls[id]?.onMessage(message) }
        let response = self.http2.response(id)
        guard response.isClosed, let call = self.calls.removeValue(forKey: id) else { return }
        let end = response.grpcStatus.map { End.status($0, response.grpcMessage ?? "") } ?? .broken
        self.http2.forget(id)
        call.onEnd(end)
    }

    private func flush() {
        guard !self.isClosed else { return }
        self.wire.fromClient(self.http2.output())
    }

    private func closed() {
        self.isClosed = true
        let calls = self.calls
        self.calls = [:]
        for id in calls.keys.sorted() { calls[id]?.onEnd(.broken) }
    }
}
