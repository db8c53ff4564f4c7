import CoreMetrics
import Logging
import NIOCore
import RPC
import Synchronization

/// The methods of the test service, by number.
enum Method {
    /// Answers with the request.
    static let echo = 0
    /// Is kept in `pending` until the test answers.
    static let later = 1
    /// Answers with as many bytes as the request, four bytes big endian, says.
    static let big = 2
    /// Fails with the request as its message.
    static let fail = 3
    /// Echoes each message until the client ends.
    static let chat = 4
    /// Sends nothing by itself; the test drives it through `streams`.
    static let watch = 5

    static let table = RPCMethodTable([
        ("/test.T/Echo", .unary), ("/test.T/Later", .unary), ("/test.T/Big", .unary),
        ("/test.T/Fail", .unary),
        ("/test.T/Chat", .stream), ("/test.T/Watch", .stream),
    ])
}

/// A stream handler that records what it is told.
final class TestHandler: RPCStreamHandler {
    let stream: RPCStream
    let echoes: Bool
    var received: [[UInt8]] = []
    var hasEnded = false
    var closeCount = 0
    var writableCount = 0
    var onWritable: ((RPCStream) -> Void)?
    var onClosed: (() -> Void)?

    init(stream: RPCStream, echoes: Bool) {
        self.stream = stream
        self.echoes = echoes
    }

    func receive(_ message: RawSpan) {
        let bytes = array(message)
        self.received.append(bytes)
        if self.echoes { self.stream.send(ByteBuffer(bytes: bytes)) }
    }

    func receiveEnd() {
        self.hasEnded = true
        if self.echoes { self.stream.finish(.ok) }
    }

    func streamBecameWritable() {
        self.writableCount += 1
        self.onWritable?(self.stream)
    }

    func streamClosed() {
        self.closeCount += 1
        self.onClosed?()
    }
}

/// The services of one test connection.
final class TestSession: RPCSession {
    var pending: [(stream: RPCStream, message: [UInt8])] = []
    var handlers: [TestHandler] = []
    var requests: [HTTPRequest] = []
    var exchanges: [HTTPExchange] = []
    var closeCount = 0
    /// Says who takes the body of a plain request; without it bodies are collected.
    var onHead: ((HTTPRequest, HTTPExchange) -> (any HTTPBodyHandler)?)?
    /// Answers plain requests; without it they are kept in `exchanges`.
    var onRequest: ((HTTPRequest, HTTPExchange) -> Void)? = { request, exchange in
        exchange.respond(
            status: 200,
            headers: [("content-type", "text/plain")],
            body: ByteBuffer(string: "\(request.method) \(request.target) \(request.body.readableBytes)")
        )
    }
    var metadata: [String] = []

    func callUnary(_ method: Int, on stream: RPCStream, message: RawSpan) {
        let bytes = array(message)
        if let value = stream.metadata("token") { self.metadata.append(value) }
        switch method {
        case Method.echo:
            stream.respond(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        case Method.big:
            let count = bytes.reduce(0) { $0 << 8 | Int($1) }
            stream.respond(ByteBuffer(bytes: pattern(count)))
        case Method.fail:
            stream.finish(
                RPCStatus(code: .failedPrecondition, message: String(decoding: bytes, as: UTF8.self))
            )
        default:
            self.pending.append((stream, bytes))
        }
    }

    func openStream(_ method: Int, on stream: RPCStream) -> any RPCStreamHandler {
        let handler = TestHandler(stream: stream, echoes: method == Method.chat)
        self.handlers.append(handler)
        return handler
    }

    func bodyHandler(for request: HTTPRequest, on exchange: HTTPExchange) -> (any HTTPBodyHandler)? {
        self.onHead?(request, exchange)
    }

    func respond(to request: HTTPRequest, on exchange: HTTPExchange) {
        self.requests.append(request)
        if let onRequest = self.onRequest {
            onRequest(request, exchange)
        } else {
            self.exchanges.append(exchange)
        }
    }

    func connectionClosed() { self.closeCount += 1 }
}

/// Bytes that show when they are out of place.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

func array(_ span: RawSpan) -> [UInt8] { span.withUnsafeBytes { Array($0) } }

/// Counters and meters by label and dimensions.
final class TestMetrics: MetricsFactory, Sendable {
    private let values = Mutex<[String: Int64]>([:])

    func value(_ label: String, _ dimensions: [(String, String)] = []) -> Int64 {
        self.values.withLock { $0[Self.key(label, dimensions)] ?? 0 }
    }

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> String {
        ([label] + dimensions.map { "\($0.0)=\($0.1)" }).joined(separator: " ")
    }

    fileprivate func add(_ key: String, _ amount: Int64) {
        self.values.withLock { $0[key, default: 0] += amount }
    }

    private final class Handler: CounterHandler, MeterHandler {
        let key: String
        let metrics: TestMetrics
        init(_ key: String, _ metrics: TestMetrics) {
            self.key = key
            self.metrics = metrics
        }
        func increment(by amount: Int64) { self.metrics.add(self.key, amount) }
        func reset() {}
        func set(_ value: Int64) {}
        func set(_ value: Double) {}
        func increment(by amount: Double) { self.metrics.add(self.key, Int64(amount)) }
        func decrement(by amount: Double) { self.metrics.add(self.key, -Int64(amount)) }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(Self.key(label, dimensions), self)
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        Handler(Self.key(label, dimensions), self)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NOOPMetricsHandler.instance
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

/// Returns an environment whose metrics can be read and whose log goes nowhere.
func makeEnvironment(_ limits: RPCLimits, _ metrics: TestMetrics) -> RPCEnvironment {
    RPCEnvironment(
        methods: Method.table,
        limits: limits,
        metrics: RPCMetrics(methods: Method.table, factory: metrics),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    )
}
