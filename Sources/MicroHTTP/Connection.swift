import CMicroHTTPD
import Glibc
import NIOCore
import Synchronization

/// One open socket, from libmicrohttpd's notice of its start to that of its end.
///
/// Any thread, but for the members that belong to the daemon's thread.
/// Unchecked because of those: only that thread touches them.
@safe final class Connection: @unchecked Sendable {
    /// What the connection waits for while a time limit runs.
    enum Phase: UInt8, CaseIterable {
        case idle
        case head
        case body
        case answer
    }

    private struct State {
        /// `nil` once the library may have given the number to somebody else.
        var socket: Int32?
        var isHungUp = false
        var wasCut = false
        var exchange: Exchange?
    }

    let id: UInt64
    let daemon: Daemon
    let addressKey: AddressKey?
    let origin: Peer.Origin
    /// When the connection is cut, in nanoseconds of the server's clock; zero for never.
    let deadline = Atomic<UInt64>(0)

    private let phase = Atomic<UInt8>(Phase.head.rawValue)
    private let state: Mutex<State>

    // The daemon's thread only.
    /// The target of the request whose head is being read.
    var target: [UInt8] = []
    private var certificateChain: [[UInt8]]?

    var core: ServerCore { self.daemon.core }
    var isHungUp: Bool { self.state.withLock { $0.isHungUp } }
    var wasCut: Bool { self.state.withLock { $0.wasCut } }

    init(id: UInt64, daemon: Daemon, socket: Int32, addressKey: AddressKey?, origin: Peer.Origin) {
        self.id = id
        self.daemon = daemon
        self.addressKey = addressKey
        self.origin = origin
        self.state = Mutex(State(socket: socket))
    }

    // MARK: - Time

    /// Starts a time limit, which replaces the one that runs.
    func expect(_ phase: Phase, within nanoseconds: UInt64) {
        self.phase.store(phase.rawValue, ordering: .relaxed)
        let deadline = self.core.now().uptimeNanoseconds &+ nanoseconds
        self.deadline.store(deadline, ordering: .sequentiallyConsistent)
        self.core.watchdog.noteDeadline(deadline)
    }

    /// Ends the time limit: it is our turn, or the source's.
    func wait() { self.deadline.store(0, ordering: .sequentiallyConsistent) }

    /// Cuts the connection whose time is over.
    func expire() {
        guard self.deadline.exchange(0, ordering: .sequentiallyConsistent) != 0 else { return }
        if let phase = Phase(rawValue: self.phase.load(ordering: .relaxed)) { self.core.metrics.count(phase) }
        self.cut()
    }

    // MARK: - The end

    /// Has the library find the connection closed.
    ///
    /// The number is used under the lock, so that it is still this connection's.
    func cut() {
        self.state.withLock { state in
            state.wasCut = true
            if let socket = state.socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Notes that the client closed its side.
    ///
    /// The library does not see it while it is suspended, nor when it comes with the last bytes of a piece.
    func hangUp() {
        let exchange = self.state.withLock { state in
            state.isHungUp = true
            return state.exchange
        }
        guard let exchange else { return self.cut() }
        exchange.clientHungUp()
    }

    /// Ends what is being answered, and the connection.
    func abandon() {
        let exchange = self.state.withLock { $0.exchange }
        exchange?.abandon()
        self.cut()
    }

    /// Ends the connection if it is between two requests, and otherwise asks its stream.
    func retire() {
        guard let exchange = self.state.withLock({ $0.exchange }) else { return self.cut() }
        exchange.wake()
    }

    /// Notes the request that is being answered.
    func setExchange(_ exchange: Exchange?) {
        self.state.withLock { $0.exchange = exchange }
    }

    /// Notes that the library closes the socket now, and returns it.
    func close() -> Int32? {
        self.wait()
        return self.state.withLock { state in
            state.exchange = nil
            return state.socket.take()
        }
    }

    // MARK: - The peer

    /// Describes the client; its certificates are read once for each connection.
    ///
    /// The daemon's thread only, within a callback for the connection.
    func peer(_ handle: OpaquePointer) -> Peer {
        let chain = unsafe self.certificateChain ?? Self.readCertificates(handle)
        self.certificateChain = chain
        return Peer(origin: self.origin, isTLS: self.daemon.isTLS, certificateChain: chain)
    }

    private static func readCertificates(_ handle: OpaquePointer) -> [[UInt8]] {
        guard let session = unsafe cmhd_tls_session(handle) else { return [] }
        var count: UInt32 = 0
        guard let list = unsafe gnutls_certificate_get_peers(session, &count) else { return [] }
        return unsafe UnsafeBufferPointer(start: list, count: Int(count)).map { certificate in
            unsafe Array(UnsafeBufferPointer(start: certificate.data, count: Int(certificate.size)))
        }
    }
}
