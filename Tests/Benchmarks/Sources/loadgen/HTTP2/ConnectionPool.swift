import NIOCore
import NIOPosix
import NIOSSL

/// Where the server is and who we are.
struct Target: Sendable {
    let host: String
    let port: Int
    let tls: NIOSSLContext

    var authority: String { "\(self.host):\(self.port)" }
}

/// The connections of one event loop.
///
/// Loop-bound. The first thing that goes wrong on any of them fails `failed`, and with it the run.
final class ConnectionPool {
    private static let atOnce = 16

    let eventLoop: any EventLoop
    let failed: EventLoopPromise<Void>
    private let target: Target
    private let headers: RequestHeaders
    private(set) var connections: [ClientConnection] = []

    init(eventLoop: any EventLoop, target: Target) {
        self.eventLoop = eventLoop
        self.target = target
        self.failed = eventLoop.makePromise()
        self.headers = RequestHeaders(authority: target.authority)
    }

    /// Opens `count` connections, a few at a time; done when the server has sent its settings on each.
    func open(_ count: Int) -> EventLoopFuture<Void> {
        let lanes = (0..<min(count, Self.atOnce)).map { lane in
            self.openLane((count - lane + Self.atOnce - 1) / Self.atOnce)
        }
        return EventLoopFuture.andAllSucceed(lanes, on: self.eventLoop)
    }

    private func openLane(_ count: Int) -> EventLoopFuture<Void> {
        guard count > 0 else { return self.eventLoop.makeSucceededVoidFuture() }
        return self.openOne().assumeIsolated().flatMap { self.openLane(count - 1) }.nonisolated()
    }

    private func openOne() -> EventLoopFuture<Void> {
        let ready = self.eventLoop.makePromise(of: Void.self)
        let failed = self.failed
        let connection = ClientConnection(headers: self.headers, ready: ready) { failed.fail($0) }
        self.connections.append(connection)
        let handler = NIOLoopBound(connection, eventLoop: self.eventLoop)
        let tls = self.target.tls
        ClientBootstrap(group: self.eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let secure = try NIOSSLClientHandler(context: tls, serverHostname: nil)
                    try channel.pipeline.syncOperations.addHandlers(secure, handler.value)
                }
            }
            .connect(host: self.target.host, port: self.target.port)
            .whenFailure { ready.fail(LoadError.connection("\($0)")) }
        return ready.futureResult
    }
}
