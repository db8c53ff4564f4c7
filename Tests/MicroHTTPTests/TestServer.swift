import CoreMetrics
import Foundation
import MicroHTTP
import NIOCore
import Synchronization
import Testing

/// Where tests find what a server listens at.
extension Server {
    var port: Int {
        guard case .tcp(_, let port) = self.addresses.first else { return 0 }
        return port
    }
}

/// The refusals' answers in tests: the reason as text.
func refusalText(_ refusal: Refusal) -> Response {
    Response(status: refusal.status, fields: ["X-Refusal": refusal.rawValue], text: refusal.rawValue)
}

/// Runs a server on a free port around `body`.
func withServer(
    _ listeners: [ServerConfiguration.Listener] = [.init(.tcp(address: "127.0.0.1", port: 0))],
    limits: ServerLimits = ServerLimits(),
    metrics: any MetricsFactory = NOOPMetricsHandler.instance,
    handler: @escaping @Sendable (Request) async -> Response = { _ in Response(status: 200, text: "ok") },
    _ body: (Server) async throws -> Void
) async throws {
    let server = try Server(
        ServerConfiguration(listeners: listeners, limits: limits),
        metrics: ServerMetrics(factory: metrics),
        now: { .now() },
        refusalResponse: refusalText,
        handler: handler
    )
    do {
        try await body(server)
        await server.stop(grace: .seconds(20))
    } catch {
        await server.stop(grace: .zero)
        throw error
    }
}

/// Something that a test waits for; it is told once or more often.
final class Event<Value: Sendable>: Sendable {
    private struct State {
        var values: [Value] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var values: [Value] { self.state.withLock { $0.values } }

    func tell(_ value: Value) {
        let ready = self.state.withLock { state in
            state.values.append(value)
            let count = state.values.count
            defer { state.waiters.removeAll { $0.count <= count } }
            return state.waiters.filter { $0.count <= count }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Waits until it was told so often, and returns all that was told.
    @discardableResult
    func wait(_ count: Int = 1) async -> [Value] {
        await withCheckedContinuation { continuation in
            let isReady = self.state.withLock { state in
                if state.values.count < count { state.waiters.append((count, continuation)) }
                return state.values.count >= count
            }
            if isReady { continuation.resume() }
        }
        return self.values
    }
}

/// A door that tasks wait at until it is opened.
final class Gate: Sendable {
    private let event = Event<Void>()
    func open() { self.event.tell(()) }
    func pass() async { await self.event.wait() }
}

/// A stream that sends what it is given, as an event source does: a queue is fine for a test.
final class TestSource: Sendable {
    private struct State {
        var pieces: [[UInt8]] = []
        var isOver = false
        var asked = 0
    }

    let waker = StreamWaker()
    let ended = Event<ResponseStream.Ending>()
    let slept = Event<Void>()
    private let state = Mutex(State())

    var asked: Int { self.state.withLock { $0.asked } }

    func give(_ text: String) {
        self.state.withLock { $0.pieces.append(Array(text.utf8)) }
        self.waker.wake()
    }

    func end() {
        self.state.withLock { $0.isOver = true }
        self.waker.wake()
    }

    var response: Response {
        let stream = ResponseStream(
            waker: self.waker,
            next: { _ in
                let step = self.state.withLock { state -> ResponseStream.Step in
                    state.asked += 1
                    if !state.pieces.isEmpty { return .bytes(ByteBuffer(bytes: state.pieces.removeFirst())) }
                    return state.isOver ? .end : .later
                }
                if case .later = step { self.slept.tell(()) }
                return step
            },
            ended: { self.ended.tell($0) }
        )
        return Response(status: 200, fields: ["Content-Type": "text/event-stream"], body: .stream(stream))
    }
}
