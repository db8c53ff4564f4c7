import MVCC
import NIOCore
import NIOPosix
import RPC
import SwiftProtobuf

/// One call of the JSON gateway.
///
/// Bound to the exchange's loop, and kept by the exchange until that is over.
///
/// The JSON of the request becomes the message that a gRPC client would have sent, the call is made on the
/// same session in the name of the same connection, and each message of the answer becomes JSON again: the
/// body of a unary call, a line `{"result":…}` of a stream. The answer begins with its first message, so that
/// a call that fails before it has a status of its own.
final class GatewayCall {
    private enum Output {
        case message(ByteBuffer)
        case end(RPCStatus)
    }

    /// Larger messages are written as JSON on another thread.
    private static let inlineBytes = 65_536
    private static let headers = [
        (name: "content-type", value: "application/json"),
        (name: "grpc-metadata-content-type", value: "application/grpc"),
    ]

    private let route: GatewayRoute
    private let exchange: HTTPExchange
    private let metadata: [(name: String, value: String)]
    private var splitter: JSONSplitter
    private var stream: RPCStream?
    private var isClosed = false
    /// Whether nothing more of the request is read.
    private var hasEnded = false
    /// What waits for the message that is being written as JSON.
    private var outputs: [Output] = []
    private var isConverting = false
    private var hasBegun = false
    private var unaryAnswer: ByteBuffer?

    init(_ route: GatewayRoute, _ request: HTTPRequest, on exchange: HTTPExchange, bodyLimit: Int) {
        self.route = route
        self.exchange = exchange
        self.metadata = Self.metadata(of: request)
        self.splitter = JSONSplitter(limit: bodyLimit)
        exchange.onClosed = { self.close() }
        exchange.onWritable = { self.stream?.becameWritable() }
    }

    /// Makes the call that a complete body asks for: its first object; an empty body is an empty message.
    func call(with body: ByteBuffer) {
        var body = body
        let step = self.splitter.next(from: &body)
        switch step {
        case .object(let object): self.deliver(object)
        case .needsMore where self.splitter.keptByteCount == 0: self.deliver(ByteBuffer(string: "{}"))
        default: self.refuse(step)
        }
        self.stream?.deliverEnd()
    }

    /// Header fields that become the call's metadata: the token, and what the gateway's prefix marks.
    private static func metadata(of request: HTTPRequest) -> [(name: String, value: String)] {
        let prefix = "grpc-metadata-"
        return request.headers.compactMap { name, value in
            if name == "authorization" { return (name, value) }
            return name.hasPrefix(prefix) ? (String(name.dropFirst(prefix.count)), value) : nil
        }
    }

    /// Hands a message to the service; the first opens the call.
    private func deliver(_ object: ByteBuffer) {
        do throws(RPCStatus) {
            let message = try GatewayJSON.decode(object, as: self.route.request)
            if self.stream == nil { self.open() }
            self.stream?.deliver(message.span.bytes)
        } catch {
            self.fail(error)
        }
    }

    private func open() {
        self.stream = self.exchange.openCall(self.route.method.rawValue, metadata: self.metadata, relay: self)
        // It may have been refused at once.
        if self.isClosed { self.close() }
    }

    private func refuse(_ step: JSONSplitter.Step) {
        let reason =
            switch step {
            case .tooLarge: "it is too large"
            case .tooDeep: "it is nested too deep"
            case .malformed: "it is not an object"
            case .needsMore, .object: "it ends early"
            }
        self.fail(EtcdStatus.malformedJSON(self.route.request.protoMessageName, reason))
    }

    /// Ends the call because of what the client has sent.
    private func fail(_ status: RPCStatus) {
        self.hasEnded = true
        if let stream {
            stream.finish(status)
        } else {
            self.finish(status)
        }
    }

    private func close() {
        self.isClosed = true
        self.hasEnded = true
        self.outputs = []
        guard let stream = self.stream.take() else { return }
        // Not at once: its service may be the one that has just ended it.
        self.exchange.eventLoop.assumeIsolated().execute { stream.cancel() }
    }

    // MARK: The answer

    /// Writes what is waiting, up to a message that takes another thread.
    private func writeOutputs() {
        while !self.isConverting, !self.isClosed, !self.outputs.isEmpty {
            switch self.outputs.removeFirst() {
            case .message(let message) where message.readableBytes > Self.inlineBytes: self.convert(message)
            case .message(let message): self.write(Self.json(message, self.route))
            case .end(let status): self.finish(status)
            }
        }
    }

    private func convert(_ message: ByteBuffer) {
        self.isConverting = true
        let route = self.route
        let task = NIOSingletons.posixBlockingThreadPool.runIfActive(eventLoop: self.exchange.eventLoop) {
            Self.json(message, route)
        }
        task.assumeIsolated().whenComplete { result in
            self.isConverting = false
            switch result {
            case .success(let json): self.write(json)
            case .failure: self.finish(EtcdStatus.status(.stopped))
            }
            self.writeOutputs()
            if self.isWritable { self.stream?.becameWritable() }
        }
    }

    private static func json(_ message: ByteBuffer, _ route: GatewayRoute) -> Result<ByteBuffer, RPCStatus> {
        do throws(RPCStatus) {
            return .success(try GatewayJSON.encode(message, as: route.response))
        } catch {
            return .failure(error)
        }
    }

    private func write(_ json: Result<ByteBuffer, RPCStatus>) {
        switch json {
        case .failure(let status): self.finish(status)
        case .success(let json) where self.route.method.kind == .unary: self.unaryAnswer = json
        case .success(let json):
            self.begin()
            var line = ByteBuffer(string: #"{"result":"#)
            line.writeImmutableBuffer(json)
            line.writeString("}\n")
            self.exchange.write(line)
        }
    }

    private func begin() {
        guard !self.hasBegun else { return }
        self.hasBegun = true
        self.exchange.begin(status: 200, headers: Self.headers)
    }

    private func finish(_ status: RPCStatus) {
        let headers = Array(Self.headers.prefix(1))
        let code = GatewayJSON.httpStatus(of: status.code).code
        switch (status.code, self.route.method.kind) {
        case (.ok, .unary):
            self.exchange.respond(status: 200, headers: Self.headers, body: self.unaryAnswer ?? ByteBuffer())
        case (.ok, .stream):
            self.begin()
            self.exchange.end()
        case (_, .stream) where self.hasBegun:
            self.exchange.write(GatewayJSON.streamFailure(status))
            self.exchange.end()
        case (_, .stream) where self.stream != nil:
            self.exchange.respond(status: code, headers: headers, body: GatewayJSON.streamFailure(status))
        case (_, .unary), (_, .stream):
            self.exchange.respond(status: code, headers: headers, body: GatewayJSON.failure(status))
        }
    }
}

extension GatewayCall: RPCRelay {
    var isWritable: Bool { !self.isConverting && self.exchange.isWritable }

    func relay(_ message: ByteBuffer) {
        self.outputs.append(.message(message))
        self.writeOutputs()
    }

    func relayEnd(_ status: RPCStatus) {
        self.outputs.append(.end(status))
        self.writeOutputs()
    }
}

/// The body of a call that takes many messages.
extension GatewayCall: HTTPBodyHandler {
    var keptByteCount: Int { self.splitter.keptByteCount }

    func receiveBody(_ bytes: ByteBuffer) {
        var bytes = bytes
        while !self.hasEnded {
            let step = self.splitter.next(from: &bytes)
            switch step {
            case .needsMore: return
            case .object(let object): self.deliver(object)
            case .malformed, .tooLarge, .tooDeep: self.refuse(step)
            }
        }
    }

    func receiveBodyEnd() {
        guard !self.hasEnded else { return }
        if self.splitter.keptByteCount > 0 { return self.refuse(.needsMore) }
        // Nothing was asked, so there is nothing to answer.
        guard let stream else { return self.finish(.ok) }
        stream.deliverEnd()
    }
}
